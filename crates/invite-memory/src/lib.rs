//! Storage and mailers for tests and demos of `invite`.
//!
//! [`MemoryMailer`] keeps what it is given, [`EmlMailer`] writes files that a mail program opens. Both keep every
//! promise of the contract in `invite-mailer`.

mod eml;
mod mailer;

pub use eml::EmlMailer;
pub use mailer::{Failure, MemoryMailer};
