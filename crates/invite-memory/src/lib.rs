//! A store and mailers for tests and demos of `invite`.
//!
//! [`MemoryStorage`] keeps every promise of the contract in `invite-storage` but the one about surviving the
//! process: versions guard, keys are unique, units of work wait for each other and roll back. [`MemoryMailer`]
//! keeps what it is given, [`EmlMailer`] writes files that a mail program opens; both keep every promise of the
//! contract in `invite-mailer`.

mod commit;
mod directory;
mod eml;
mod index;
#[cfg(test)]
mod invariants;
mod load;
mod mailer;
mod outbox;
mod pages;
mod rows;
mod storage;

pub use eml::EmlMailer;
pub use mailer::{Failure, MemoryMailer};
pub use storage::MemoryStorage;
