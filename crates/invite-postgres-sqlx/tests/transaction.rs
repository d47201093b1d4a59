//! F4. What a transaction promises that a host has open, asked of `PostgresTransaction`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use chrono::{DateTime, Utc};
use invite_conformance::host_transaction::{Fixture, Open};
use invite_conformance::storage::rows::{acme, at, current, header, on, written};
use invite_core::{Commit, OrganizationId, Reads, Slice};
use invite_postgres_sqlx::{NoTransaction, PostgresStorage, PostgresTransaction, SchemaError, Statements};
use invite_postgres_testing::{Database, Server};
use invite_storage::{AsyncHostTransaction, CommitError, HostTransaction, Storage};
use sqlx::{Connection as _, Executor as _, PgConnection, query_scalar, raw_sql};
use tokio::runtime::Handle;

/// A database that a store shares with the host and its table of users.
struct Shared {
    database: Database,
    store: PostgresStorage,
}

impl Shared {
    async fn new() -> Self {
        let database = server::database().await;
        let store = server::store(&database);
        let users = "create table users (id uuid primary key default gen_random_uuid())";
        database.connect().await.unwrap().batch_execute(users).await.unwrap();
        Self { database, store }
    }
}

/// What the cases ask for blocks, within a runtime that allows it.
fn blocking<T>(future: impl Future<Output = T>) -> T {
    Handle::current().block_on(future)
}

fn run(connection: &mut PgConnection, sql: &'static str) {
    blocking(connection.execute(raw_sql(sql))).unwrap();
}

impl Fixture for Shared {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    fn begin(&self) -> Box<dyn Open + '_> {
        let mut connection = blocking(PgConnection::connect(self.database.url())).unwrap();
        run(&mut connection, "begin");
        Box::new(Begun(connection))
    }

    fn rows(&self) -> usize {
        let client = blocking(self.database.connect()).unwrap();
        let count: i64 = blocking(client.query_one("select count(*) from users", &[])).unwrap().get(0);
        usize::try_from(count).unwrap()
    }
}

struct Begun(PgConnection);

impl Open for Begun {
    fn transaction(&mut self) -> Box<dyn HostTransaction + '_> {
        Box::new(Blocking(PostgresTransaction::of(&mut self.0)))
    }

    fn write_row(&mut self) {
        run(&mut self.0, "insert into users default values");
    }

    fn commit(mut self: Box<Self>) {
        run(&mut self.0, "commit");
    }

    /// As a server does that was told to end idle transactions; here the connection stays.
    fn break_off(&mut self) -> bool {
        run(&mut self.0, "rollback");
        true
    }
}

struct Blocking<'a>(PostgresTransaction<'a>);

impl HostTransaction for Blocking<'_> {
    fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError> {
        blocking(self.0.load(organization, reads, now))
    }

    fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        blocking(self.0.write(commit))
    }
}

mod promises {
    invite_conformance::host_transaction!(super::Shared::new().await);
}

#[track_caller]
fn source<E: std::error::Error + Copy + 'static>(failed: Result<Slice, CommitError>) -> E {
    let Err(CommitError::Storage(error)) = failed else { panic!("{failed:?}") };
    *std::error::Error::source(&error).unwrap().downcast_ref().unwrap()
}

/// What it has read is past, and no lock makes it present.
#[tokio::test]
async fn a_transaction_that_read_before_somebody_wrote_cannot_go_on_at_higher_levels() {
    let Shared { database, store } = Shared::new().await;
    written(&store, &on(&header("acme"))).await;
    let pool = server::pool(server::config(database.url()));
    for (begin, version) in [
        ("begin isolation level repeatable read", 2),
        ("begin isolation level serializable", 3),
        ("begin isolation level read committed", 4),
    ] {
        let mut host = pool.begin_with(begin).await.unwrap();
        host.execute(raw_sql("select from users")).await.unwrap();
        written(&store, &on(&current(&store, &acme()).await)).await;
        let loaded = PostgresTransaction::of(&mut host).load(&acme(), &Reads::new(), at(0)).await;
        let is_lowest = begin.ends_with("read committed");
        match loaded {
            Ok(slice) => assert_eq!((is_lowest, slice.version()), (true, version)),
            Err(CommitError::Conflict) => assert!(!is_lowest),
            Err(error) => panic!("{begin}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_transaction_of_sqlx_takes_a_command_and_is_committed_or_rolled_back() {
    for statements in [Statements::Prepared, Statements::Unprepared] {
        let Shared { database, store } = Shared::new().await;
        let pool = server::pool(server::config(database.url()));
        let mut header = written(&store, &on(&header("acme"))).await;
        for is_kept in [false, true] {
            let mut host = pool.begin().await.unwrap();
            host.execute("insert into users default values").await.unwrap();
            let mut transaction = PostgresTransaction::with(&mut host, statements);
            transaction.load(&acme(), &Reads::new(), at(0)).await.unwrap();
            let commit = on(&header);
            transaction.write(&commit).await.unwrap();
            let again = transaction.write(&commit).await;
            assert!(matches!(again, Err(CommitError::Conflict)), "{again:?}");
            host.execute("insert into users default values").await.unwrap();
            if is_kept {
                host.commit().await.unwrap()
            } else {
                host.rollback().await.unwrap()
            }
            header = current(&store, &acme()).await;
            let users: i64 = query_scalar("select count(*) from users").fetch_one(&pool).await.unwrap();
            assert_eq!((users, header.version), if is_kept { (2, 2) } else { (0, 1) });
        }
    }
}

#[tokio::test]
async fn a_host_without_a_transaction_or_without_tables_is_told() {
    let empty = Server::shared().unwrap().empty_database().await.unwrap();
    let mut connection = PgConnection::connect(empty.url()).await.unwrap();
    let loaded = PostgresTransaction::of(&mut connection).load(&acme(), &Reads::new(), at(0)).await;
    let _: NoTransaction = source(loaded);
    let mut host = connection.begin().await.unwrap();
    host.execute("create table users ()").await.unwrap();
    let loaded = PostgresTransaction::of(&mut host).load(&acme(), &Reads::new(), at(0)).await;
    assert_eq!(source::<SchemaError>(loaded), SchemaError::Missing);
    host.execute("insert into users default values").await.unwrap();
    host.commit().await.unwrap();
    let there = connection.fetch_all("select from users").await.unwrap();
    assert_eq!(there.len(), 1, "the host goes on with its transaction");
}
