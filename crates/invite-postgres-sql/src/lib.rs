//! What the Postgres stores of invite share: statements, tables, rows and classes of errors. There is no driver in it.
//!
//! Hosts use `invite-postgres`, or `invite-postgres-sqlx` where their pool is that of sqlx. This crate is for the author of
//! another one: a driver implements [`Connect`] and [`Connection`], which run statements and give rows back, and has a
//! [`Store`].
//!
//! # How it works
//!
//! - A load is one statement, and so one trip and one snapshot: everything that is asked for by key, and all that it brings
//!   along, each kind of row an array of records. Its text depends on the kinds that are asked for alone, so its plan is kept.
//!   Only where something is due, past or closing is there another trip, which begins again in a transaction of one snapshot if
//!   somebody committed in between.
//! - A commit is one statement too: a chain in which each part begins once the one before it has done all of its own. The first
//!   requires the version that was decided on, and locks the organization; each fails where a row is not as it must be, and
//!   with it all of them.
//! - Commits and exclusive units are read committed, whatever the database's default. That a decision was made on what is true is
//!   guarded by the version, and whoever waits for the lock on an organization goes on with what is true then.
//! - Two loads and two commits of a process are under way at once. What organizations ask for meanwhile goes together: all loads
//!   that are alike in one statement, and all commits in one, with as many parts as tables. The server does that in much less
//!   time. A commit that is refused, or whose organization is locked, takes nobody along: all of them are written by
//!   themselves then.
//! - Every other statement about an organization names it in its first parameter, and with [`Store::routed`] all do: a commit is then
//!   a transaction of statements that are sent at once, once it has begun.
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
