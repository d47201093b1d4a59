//! What a decision sees and makes: a slice of an organization, a draft of changes to it, and the commit.

mod apply;
mod commit;
mod draft;
mod event;
mod reads;
mod record;
mod set;
mod slice;
mod table;

pub use commit::*;
pub use draft::*;
pub use event::*;
pub use reads::*;
pub use record::*;
pub use set::*;
pub use slice::*;
