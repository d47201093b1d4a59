//! Invitations in Postgres, over a pool of `sqlx` that the host owns.
//!
//! ```no_run
//! # async fn start(pool: sqlx::PgPool) -> Result<(), Box<dyn std::error::Error>> {
//! let storage = invite_postgres_sqlx::PostgresStorage::new(pool);
//! storage.migrate().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! - [`PostgresStorage::new`] asks nothing of the database. [`migrate`](PostgresStorage::migrate) makes the tables in the
//!   schema `invite`, forward only; several processes may do it at once. A role that may read and write the tables is enough
//!   for everything else. No migrations of `sqlx` are run or looked at.
//! - Its own transactions are read committed, whatever the default of the database.
//! - How long to wait for a connection, a statement or a lock is set by the host: `acquire_timeout` of its pool, and
//!   `statement_timeout` or `lock_timeout` of its role. What took too long [is unavailable](invite_storage::StorageError::is_unavailable).
//! - [`PostgresTransaction`] writes a command into a transaction that the host has open, so that a sign-up and the acceptance
//!   of an invitation are one commit (F4).
//! - A caller that goes away in the middle of a commit leaves nothing of it, unless all of it was sent. What is open is rolled
//!   back before the pool has the connection again.
//! - A connection that breaks while a commit is under way leaves its outcome unknown. The service finds it out.
//!
//! # Trips to the server
//!
//! `sqlx` waits for the answer to each statement before it sends the next, so a commit takes more trips than the one of
//! `invite-postgres`, which is the choice where the database is far and the pool need not be that of `sqlx`:
//!
//! | What | Trips |
//! |---|---|
//! | to load | one; with [`Statements::Unprepared`] three, as a transaction lies around it |
//! | to commit | three: to begin, one statement, and to commit; with [`Statements::Unprepared`] four |
//! | each time that the pool gives a connection | one, unless the host has set `test_before_acquire(false)` |
//! | a statement that a connection has not seen | one more, once; each time with [`Statements::Unprepared`] |
//!
//! Where a transaction lies around what was loaded, it is let go by a `rollback` that nobody waits for.
//!
//! # Poolers
//!
//! Behind a pooler that gives every transaction another connection, statements are not to be prepared: see
//! [`Statements::Unprepared`]. PgBouncer refuses a setting that `sqlx` starts connections with, unless the host has set
//! `extra_float_digits(None)` in its options, or lets PgBouncer ignore it.

mod connection;
mod storage;
mod transaction;

pub use connection::Statements;
pub use invite_postgres_sql::{NoTransaction, SchemaError};
pub use storage::PostgresStorage;
pub use transaction::PostgresTransaction;
