//! Storage and mailers for tests and demos of `invite`.
//!
//! [`MemoryMailer`] keeps what it is given, and every promise of the contract in `invite-mailer`.

mod mailer;

pub use mailer::{Failure, MemoryMailer};
