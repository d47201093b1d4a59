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
//! - What is deleted or replaced is overwritten in the file (`secure_delete`), so that who was erased is not found there
//!   either. The write-ahead log beside it holds older pages until it is written over, `pragma wal_checkpoint(truncate)`
//!   is run, or the last connection closes. A host that writes through [`SqliteTransaction`] sets the pragma on its own
//!   connection.
//! - In memory there is one connection, which an exclusive unit keeps to itself: meanwhile a load waits, and one
//!   made by the task that holds the unit waits for ever.
//! - All work of the database is done on the blocking threads of tokio, so the storage is used within a
//!   tokio runtime.
//!
//! # Within a transaction of the host
//!
//! [`SqliteTransaction`] writes a command into a transaction that the host has open on a connection of its own to the
//! same file, so that a sign-up and the acceptance of an invitation are one commit (F4). With the service of `invite`:
//!
//! ```text
//! let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
//! transaction.execute("insert into users (id, address) values (?1, ?2)", (id, address))?;
//! let accepted = invite.accept(&token, principal).in_transaction(SqliteTransaction::of(&transaction))?;
//! transaction.commit()?;
//! ```
//!
//! # Features
//!
//! `bundled`, on by default, builds SQLite from source. Without it the SQLite of the system is linked, which
//! must be 3.38 or newer, and as new as the release of rusqlite asks for.

mod columns;
mod commit;
mod error;
mod load;
mod migrate;
mod outbox;
mod pages;
mod parts;
mod pool;
mod rows;
mod seek;
mod sql;
mod storage;
mod transaction;

pub use error::{FileMoved, NoTransaction, SchemaError};
pub use pool::BUSY_TIMEOUT;
pub use storage::SqliteStorage;
pub use transaction::SqliteTransaction;
