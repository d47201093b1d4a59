//! The rows that a store keeps, as values.

mod delivery;
mod former;
mod group;
mod invitation;
mod limit;
mod link;
mod member;
mod organization;
mod request;
mod suppression;

pub use delivery::*;
pub use former::*;
pub use group::*;
pub use invitation::*;
pub use limit::*;
pub use link::*;
pub use member::*;
pub use organization::*;
pub use request::*;
pub use suppression::*;
