//! F4. What `HostTransaction` promises, of a transaction that a host has open on a connection of its own, and what only
//! SQLite can show.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use invite_conformance::host_transaction::{Fixture, Open};
use invite_core::{
    Actor, Commit, CommitId, Draft, Event, OrganizationId, OrganizationStatus, Plan, Reads, Settings, Slice,
    fold,
};
use invite_sqlite::{NoTransaction, SchemaError, SqliteStorage, SqliteTransaction};
use invite_storage::{CommitError, HostTransaction, Storage, StorageError};
use rusqlite::{Connection, TransactionBehavior};
use tempfile::TempDir;

/// A file that a store shares with the host and its table of users.
struct Shared {
    directory: TempDir,
    store: SqliteStorage,
}

impl Shared {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStorage::open(directory.path().join("host.db")).unwrap();
        store.migrate().await.unwrap();
        let shared = Self { directory, store };
        shared.connect().execute_batch("create table users (id text primary key) strict").unwrap();
        shared
    }

    fn connect(&self) -> Connection {
        let connection = Connection::open(self.directory.path().join("host.db")).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        connection
    }
}

impl Fixture for Shared {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    /// A deferred one: the first load takes the lock.
    fn begin(&self) -> Box<dyn Open + '_> {
        let connection = self.connect();
        connection.execute_batch("begin").unwrap();
        Box::new(Begun(connection))
    }

    fn rows(&self) -> usize {
        let count: i64 =
            self.connect().query_row("select count(*) from users", [], |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    }
}

struct Begun(Connection);

impl Open for Begun {
    fn transaction(&mut self) -> Box<dyn HostTransaction + '_> {
        Box::new(SqliteTransaction::of(&self.0))
    }

    fn write_row(&mut self) {
        sign_up(&self.0);
    }

    fn commit(self: Box<Self>) {
        self.0.execute_batch("commit").unwrap();
    }

    /// As SQLite does by itself when the disk is full.
    fn break_off(&mut self) -> bool {
        self.0.execute_batch("rollback").unwrap();
        true
    }
}

mod promises {
    invite_conformance::host_transaction!(super::Shared::new().await);
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn decided(slice: Slice, events: impl IntoIterator<Item = Event>) -> Commit {
    let version = u8::try_from(slice.version()).unwrap();
    let draft = Draft::new(slice, now(), CommitId::from_parts(now(), [version; 10]));
    fold(draft, events.into_iter().map(|event| (Actor::System, event))).into_commit()
}

/// The same, with Acme in it.
struct Host {
    shared: Shared,
    acme: OrganizationId,
}

impl Host {
    async fn new() -> Self {
        let host = Self { shared: Shared::new().await, acme: OrganizationId::parse("acme").unwrap() };
        let created =
            Event::OrganizationCreated { plan: Plan::seats("team", 5), settings: Settings::named("Acme") };
        host.shared.store.commit(&decided(host.seen().await, [created])).await.unwrap();
        host
    }

    fn connect(&self) -> Connection {
        self.shared.connect()
    }

    /// What the store gives to somebody else.
    async fn seen(&self) -> Slice {
        self.shared.store.load(&self.acme, &Reads::new(), now()).await.unwrap()
    }

    async fn is_suspended(&self) -> bool {
        self.seen().await.organization().unwrap().status == OrganizationStatus::Suspended
    }

    fn load(&self, connection: &Connection) -> Result<Slice, CommitError> {
        SqliteTransaction::of(connection).load(&self.acme, &Reads::new(), now())
    }

    /// Loads, decides and writes.
    fn suspend(&self, connection: &Connection) -> Result<(), CommitError> {
        let commit = decided(self.load(connection)?, [Event::OrganizationSuspended]);
        SqliteTransaction::of(connection).write(&commit)
    }
}

fn sign_up(connection: &Connection) {
    connection.execute("insert into users values ('bob')", []).unwrap();
}

#[track_caller]
fn stored<T>(failed: Result<T, CommitError>) -> StorageError {
    match failed {
        Err(CommitError::Storage(error)) => error,
        Err(conflict) => panic!("{conflict}"),
        Ok(_) => panic!("it did not fail"),
    }
}

fn is_cause<E: Error + 'static>(error: &StorageError) -> Option<&E> {
    error.source()?.downcast_ref()
}

#[tokio::test]
async fn a_savepoint_of_the_host_takes_the_commit_along() {
    let host = Host::new().await;
    let mut connection = host.connect();
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    sign_up(&transaction);
    let savepoint = transaction.savepoint().unwrap();
    host.suspend(&savepoint).unwrap();
    drop(savepoint);
    transaction.commit().unwrap();
    assert_eq!(
        (host.shared.rows(), host.is_suspended().await),
        (1, false),
        "the host took back that part alone"
    );
}

#[tokio::test]
async fn who_was_outrun_conflicts_and_begins_again() {
    let host = Host::new().await;
    let mut connection = host.connect();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred).unwrap();
    let read = |connection: &Connection| {
        connection.query_row("select count(*) from users", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(read(&transaction), 0);
    sign_up(&host.connect());
    assert!(matches!(host.load(&transaction), Err(CommitError::Conflict)));
    let unread = decided(host.seen().await, [Event::OrganizationSuspended]);
    assert!(matches!(SqliteTransaction::of(&transaction).write(&unread), Err(CommitError::Conflict)));
    drop(transaction);

    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    assert_eq!(read(&transaction), 1);
    host.suspend(&transaction).unwrap();
    transaction.commit().unwrap();
    assert!(host.is_suspended().await);
}

#[tokio::test]
async fn who_waited_in_vain_is_told_that_it_is_unavailable() {
    let host = Host::new().await;
    let other = host.connect();
    other.execute_batch("begin immediate").unwrap();
    let mut connection = host.connect();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred).unwrap();
    assert!(stored(host.suspend(&transaction)).is_unavailable());
    other.execute_batch("rollback").unwrap();
    host.suspend(&transaction).unwrap();
    transaction.commit().unwrap();
    assert!(host.is_suspended().await);
}

#[tokio::test]
async fn without_a_transaction_nothing_happens() {
    let host = Host::new().await;
    let mut connection = host.connect();
    let commit = decided(host.seen().await, [Event::OrganizationSuspended]);
    let requires_one = |connection: &Connection| {
        for error in [stored(host.load(connection)), stored(SqliteTransaction::of(connection).write(&commit))]
        {
            assert!(is_cause::<NoTransaction>(&error).is_some(), "{error:?}");
        }
    };
    requires_one(&connection);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    // As SQLite does by itself when the disk is full.
    transaction.execute_batch("rollback").unwrap();
    requires_one(&transaction);
    drop(transaction);
    assert!(!host.is_suspended().await);
}

#[tokio::test]
async fn a_file_that_was_not_migrated_says_so() {
    let host = Host::new().await;
    let mut connection = Connection::open(host.shared.directory.path().join("other.db")).unwrap();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    assert_eq!(is_cause(&stored(host.load(&transaction))), Some(&SchemaError::Missing));
}
