//! Invitations in Postgres, over a pool of `deadpool-postgres` that the host owns.
//!
//! ```no_run
//! # async fn start(pool: deadpool_postgres::Pool) -> Result<(), Box<dyn std::error::Error>> {
//! let storage = invite_postgres::PostgresStorage::new(pool);
//! storage.migrate().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! - [`PostgresStorage::new`] asks nothing of the database. [`migrate`](PostgresStorage::migrate) makes the tables in the
//!   schema `invite`, forward only; several processes may do it at once. A role that may read and write the tables is enough
//!   for everything else.
//! - A command is two trips to the server: a load and a commit, each of which is one statement. What several organizations do
//!   at once shares trips, unless [`routed`](PostgresStorage::routed) says otherwise. Where the default of the database is not
//!   read committed, a commit is a trip more, to begin so.
//! - Statements are prepared once a connection. Behind a pooler that gives every transaction another connection, they are
//!   not to be: see [`Statements::Unprepared`].
//! - How long to wait for a connection, a statement or a lock is set by the host: `timeouts` of its pool, and
//!   `statement_timeout` or `lock_timeout` of its role. What took too long [is unavailable](invite_storage::StorageError::is_unavailable).
//! - A connection that breaks while a commit is under way leaves its outcome unknown. The service finds it out.
//!
//! # Within a transaction of the host
//!
//! [`PostgresTransaction`] writes a command into a transaction that the host has open, so that a sign-up and the acceptance
//! of an invitation are one commit (F4). With the service of `invite`:
//!
//! ```text
//! let transaction = client.transaction().await?;
//! transaction.execute("insert into users (id, address) values ($1, $2)", &[&id, &address]).await?;
//! let within = PostgresTransaction::of(transaction.client());
//! let accepted = invite.accept(&token, principal).in_async_transaction(within).await?;
//! transaction.commit().await?;
//! ```

mod connection;
mod storage;
mod transaction;

pub use connection::Statements;
pub use invite_postgres_sql::{NoTransaction, SchemaError};
pub use storage::PostgresStorage;
pub use transaction::PostgresTransaction;
