//! Real Postgres servers for the tests of this workspace, and ways to break them.
//!
//! ```no_run
//! use invite_postgres_testing::{Server, connect};
//!
//! const SCHEMA: &str = "create table t (n bigint primary key)";
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let migrate = async |url: String| Ok(connect(&url).await?.batch_execute(SCHEMA).await?);
//! let database = Server::shared()?.database(SCHEMA, migrate).await?;
//! database.connect().await?.execute("insert into t values (1)", &[]).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`Server::shared`] is the server that `INVITE_TEST_POSTGRES` names, by the URL of a superuser such as
//! `postgres://postgres@127.0.0.1:5433/postgres`; `cargo xtask test` starts one for all tests and names it there. Else the
//! first test of a process that asks starts one for that process. [`Server::start`] starts one that is nobody else's, of a
//! chosen version, durable or fast, to be stopped, killed and started again.
//!
//! The programs are looked for where `INVITE_TEST_POSTGRES_BIN` says, on the path, in `/usr/lib/postgresql`, and in
//! `~/.cache/invite/postgres`, where `cargo xtask postgres` puts them. Where none are, there is an error that says what to do: nothing
//! is skipped. Root's servers run as the user `postgres`, or `nobody` where there is none.
//!
//! A [`Proxy`] stands between clients and a server, and cuts, refuses and delays connections where it is told to. A
//! [`Bouncer`] is PgBouncer in transaction mode.
//!
//! # What is left behind
//!
//! Nothing. A server lies in a folder for temporary files together with a small process that waits for ours to end, by
//! `kill -9` as well, stops the server and removes the folder. Where that process is killed too, the next server that is started
//! removes what it left. A database is dropped with its [`Database`]; on a server that outlives the tests, those of tests that
//! died are dropped an hour later by whoever comes next. Templates stay there until the server goes.
//!
//! # How long things may take
//!
//! Making a cluster, starting and stopping a server: two minutes each. A connection: 30 seconds. The migrations, and waiting
//! for whoever runs them: two minutes. Making or dropping a database: one. All of it takes far less.
//!
//! Unix only.

mod binaries;
mod bouncer;
mod database;
mod error;
mod folder;
mod proxy;
mod server;
mod url;

pub use binaries::{BINARIES_VARIABLE, Binaries};
pub use bouncer::Bouncer;
pub use database::{Database, connect};
pub use error::Error;
pub use proxy::{Cut, Proxy, Side};
pub use server::{Options, SERVER_VARIABLE, Server};
