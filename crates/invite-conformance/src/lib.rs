//! The contracts of `invite` as tests, for whoever writes an adapter.
//!
//! One line in a test file of an adapter makes a test of every case. A case is named after the numbered sentence of
//! the contract that it looks at, and says which one is broken, what was expected and what was seen.
//!
//! # For the author of a store
//!
//! Add this crate to the `[dev-dependencies]`; nothing else is needed, no runtime either. Then `tests/contract.rs` is:
//!
//! ```
//! # mod tests {
//! use invite_memory::MemoryStorage; // yours
//!
//! invite_conformance::storage! {
//!     MemoryStorage::new();
//!     except acknowledged_is_kept: "it keeps nothing beyond the process"
//! }
//! # }
//! ```
//!
//! The expression may await, and is evaluated anew for each test: give every one a database of its own. What else can
//! be done to a store says its [`Fixture`](storage::Fixture): opened again after the process has ended, opened by a second
//! process, searched for secrets, cut off, robbed of a reply, damaged. A case that needs what the fixture does not give
//! fails, until it is left out by name, with the reason: so the test file says what the store was not asked.
//!
//! ```
//! use async_trait::async_trait;
//! use invite_conformance::storage::{Fixture, run};
//! use invite_memory::MemoryStorage;
//! use invite_storage::Storage;
//!
//! struct Shared(MemoryStorage);
//!
//! #[async_trait]
//! impl Fixture for Shared {
//!     fn storage(&self) -> &dyn Storage {
//!         &self.0
//!     }
//!
//!     // What a second process would open: the same database, by a connection of its own.
//!     async fn another(&self) -> Option<Box<dyn Storage>> {
//!         Some(Box::new(self.0.clone()))
//!     }
//! }
//!
//! // In tests: invite_conformance::storage!(Shared(MemoryStorage::new())); here, one of its cases.
//! run("version_guards_in_a_race_of_two_handles", async { Shared(MemoryStorage::new()) });
//! ```
//!
//! Cases need no certain speed within what no store needs: a case that takes a minute is taken to wait for ever, as is
//! a call that takes 20 seconds beside an exclusive unit or a transaction of the host. They wait for nothing by the
//! clock but to see whether something goes on that must not.
//! Random histories are the same in every run; the environment variable `INVITE_HISTORIES` asks for more of them.
//! [`storage::rows`] makes rows and commits for an adapter's own tests.
//!
//! A store that writes into transactions of the host is asked for that by [`host_transaction!`].
//!
//! # For the author of a mailer
//!
//! [`mailer!`] makes a test of every case of the contract of `invite-mailer`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a case fails by panicking"
)]

mod case;
pub mod host_transaction;
pub mod mailer;
pub mod storage;

pub use case::{Broken, Case};
