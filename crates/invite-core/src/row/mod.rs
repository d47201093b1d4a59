//! The rows that a store keeps, as values.

mod delivery;
mod invitation;
mod limit;
mod member;
mod organization;
mod suppression;

pub use delivery::*;
pub use invitation::*;
pub use limit::*;
pub use member::*;
pub use organization::*;
pub use suppression::*;
