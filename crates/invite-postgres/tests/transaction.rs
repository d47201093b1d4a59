//! F4. What a transaction promises that a host has open, asked of `PostgresTransaction`.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use chrono::{DateTime, Utc};
use invite_conformance::host_transaction::{Fixture, Open};
use invite_conformance::storage::rows::{acme, at, current, header, on, written};
use invite_core::{Commit, OrganizationId, Reads, Slice};
use invite_postgres::{NoTransaction, PostgresStorage, PostgresTransaction, SchemaError};
use invite_postgres_testing::{Database, Server};
use invite_storage::{AsyncHostTransaction, CommitError, HostTransaction, Storage};
use tokio::runtime::Handle;
use tokio_postgres::Client;

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

impl Fixture for Shared {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    fn begin(&self) -> Box<dyn Open + '_> {
        let client = blocking(self.database.connect()).unwrap();
        blocking(client.batch_execute("begin")).unwrap();
        Box::new(Begun(client))
    }

    fn rows(&self) -> usize {
        let client = blocking(self.database.connect()).unwrap();
        let count: i64 = blocking(client.query_one("select count(*) from users", &[])).unwrap().get(0);
        usize::try_from(count).unwrap()
    }
}

struct Begun(Client);

impl Open for Begun {
    fn transaction(&mut self) -> Box<dyn HostTransaction + '_> {
        Box::new(Blocking(PostgresTransaction::of(&self.0)))
    }

    fn write_row(&mut self) {
        blocking(self.0.batch_execute("insert into users default values")).unwrap();
    }

    fn commit(self: Box<Self>) {
        blocking(self.0.batch_execute("commit")).unwrap();
    }

    /// As a server does that was told to end idle transactions; here the connection stays.
    fn break_off(&mut self) -> bool {
        blocking(self.0.batch_execute("rollback")).unwrap();
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
    for (level, version) in [("repeatable read", 2), ("serializable", 3), ("read committed", 4)] {
        let client = database.connect().await.unwrap();
        client.batch_execute(&format!("begin isolation level {level}; select from users")).await.unwrap();
        written(&store, &on(&current(&store, &acme()).await)).await;
        let mut transaction = PostgresTransaction::of(&client);
        let loaded = transaction.load(&acme(), &Reads::new(), at(0)).await;
        match loaded {
            Ok(slice) => assert_eq!((level, slice.version()), ("read committed", version)),
            Err(CommitError::Conflict) => assert_ne!(level, "read committed"),
            Err(error) => panic!("{level}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn a_host_without_a_transaction_or_without_tables_is_told() {
    let empty = Server::shared().unwrap().empty_database().await.unwrap();
    let client = empty.connect().await.unwrap();
    let loaded = PostgresTransaction::of(&client).load(&acme(), &Reads::new(), at(0)).await;
    let _: NoTransaction = source(loaded);
    client.batch_execute("begin; create table users ()").await.unwrap();
    let loaded = PostgresTransaction::of(&client).load(&acme(), &Reads::new(), at(0)).await;
    assert_eq!(source::<SchemaError>(loaded), SchemaError::Missing);
    client.batch_execute("insert into users default values; commit").await.unwrap();
    let there = client.query("select from users", &[]).await.unwrap();
    assert_eq!(there.len(), 1, "the host goes on with its transaction");
}
