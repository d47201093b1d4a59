//! Invitations in SQLite: one file or memory, right also when several processes share the file.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("invite.db");
//! let storage = invite_sqlite::SqliteStorage::open(path)?;
//! storage.migrate().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! - [`SqliteStorage::open`] never changes tables: [`migrate`](SqliteStorage::migrate) does, forward only. All
//!   tables begin with `invite_`, so that the file can be the host's own.
//! - The file is in WAL mode with `synchronous = FULL`: what was acknowledged survives a power failure. SQLite
//!   has one writer at a time; every write begins with `BEGIN IMMEDIATE` and waits up to
//!   [`BUSY_TIMEOUT`] for a writer in another process, within the process for as long as it takes.
//!   Readers wait for nobody.
//! - In memory there is one connection, which an exclusive unit keeps to itself: meanwhile a load waits, and one
//!   made by the task that holds the unit waits for ever.
//! - All work of the database is done on the blocking threads of tokio, so the storage is used within a
//!   tokio runtime.
//!
//! # Within a transaction of the host
//!
//! [`load`] and [`commit`] are the two halves of a command as plain functions over a connection of the host, so
//! that a sign-up and the acceptance of an invitation are one transaction:
//!
//! ```
//! # use invite_core::{CommitId, Draft, OrganizationId, Reads};
//! # fn sign_up(
//! #     connection: &mut rusqlite::Connection, organization: &OrganizationId, reads: &Reads,
//! #     now: chrono::DateTime<chrono::Utc>, id: CommitId,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
//! // ... the host's own statements ...
//! let draft = Draft::new(invite_sqlite::load(&transaction, organization, reads, now)?, now, id);
//! // ... decide ...
//! invite_sqlite::commit(&transaction, &draft.into_commit())?;
//! transaction.commit()?;
//! # Ok(())
//! # }
//! ```
//!
//! Begun `IMMEDIATE`, the transaction cannot conflict. In a deferred one that read before, SQLite refuses the
//! first write if anybody wrote in between.
//!
//! # Features
//!
//! `bundled`, on by default, builds SQLite from source. Without it the SQLite of the system is linked, which
//! must be 3.37 or newer, and as new as the release of rusqlite asks for.

mod columns;
mod commit;
mod error;
mod load;
mod migrate;
mod outbox;
mod pages;
mod pool;
mod rows;
mod sql;
mod storage;

pub use commit::commit;
pub use error::{FileMoved, SchemaError};
pub use load::load;
pub use pool::BUSY_TIMEOUT;
pub use storage::SqliteStorage;
