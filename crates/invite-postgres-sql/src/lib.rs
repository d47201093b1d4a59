//! What the Postgres stores of invite share: statements, tables, rows and classes of errors. There is no driver in it.
//!
//! Hosts use `invite-postgres`, or `invite-postgres-sqlx` where their pool is that of sqlx. This crate is for the author of
//! another one: a driver implements [`Connect`] and [`Connection`], which run statements and give rows back, and has a
//! [`Store`].
//!
//! # How it works
//!
//! - A load is one trip to the server: everything that is asked for by key, and all that it brings along, read in one
//!   snapshot. Of one kind it is one statement, however many keys there are. Only where something is due, past or closing is
//!   there another trip.
//! - A commit is one trip: all of its statements are sent at once, within one transaction. The first requires the version
//!   that was decided on, and locks the organization; each of them fails by itself where a row is not as it must be.
//! - Commits and exclusive units are read committed, whatever the database's default; a load is one repeatable-read snapshot. That a decision was made on what is true is
//!   guarded by the version, and whoever waits for the lock on an organization goes on with what is true then.
//! - Every statement about one organization names it in its first parameter.
//! - Tables lie in the schema `invite`, made by [`Store::migrate`], forward only.

mod columns;
mod commit;
mod composed;
mod database;
mod error;
mod fetched;
mod lanes;
mod load;
mod migrate;
mod outbox;
mod pages;
mod parts;
mod records;
mod rows;
mod seek;
mod shared;
mod sql;
mod statement;
mod storage;
mod transaction;
mod trip;
mod value;

pub use columns::Row;
pub use error::{Failure, NoTransaction, SchemaError};
pub use sql::STATEMENTS;
pub use statement::{Connect, Connection, Statement, Within};
pub use storage::Store;
pub use transaction::Lent;
pub use value::Value;
