//! F4. What `HostTransaction` promises, of a transaction that a host has open on a connection of its own.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use invite_core::{
    Actor, Commit, CommitId, Delivery, DeliveryId, DeliveryKind, DeliveryState, Draft, Event, InvitationId,
    OrganizationId, OrganizationStatus, Plan, Reads, Settings, Slice, fold,
};
use invite_sqlite::{NoTransaction, SchemaError, SqliteStorage, SqliteTransaction};
use invite_storage::{CommitError, HostTransaction, Storage, StorageError};
use rusqlite::{Connection, TransactionBehavior};
use tempfile::TempDir;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn decided(slice: Slice, events: impl IntoIterator<Item = Event>) -> Commit {
    let version = u8::try_from(slice.version()).unwrap();
    let draft = Draft::new(slice, now(), CommitId::from_parts(now(), [version; 10]));
    fold(draft, events.into_iter().map(|event| (Actor::System, event))).into_commit()
}

/// A file that a store shares with the host and its table of users; Acme is in it.
struct Host {
    directory: TempDir,
    store: SqliteStorage,
    acme: OrganizationId,
}

impl Host {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStorage::open(directory.path().join("host.db")).unwrap();
        store.migrate().await.unwrap();
        let host = Self { directory, store, acme: OrganizationId::parse("acme").unwrap() };
        let created =
            Event::OrganizationCreated { plan: Plan::seats("team", 5), settings: Settings::named("Acme") };
        host.store.commit(&decided(host.seen().await, [created])).await.unwrap();
        host.connect().execute_batch("create table users (id text primary key) strict").unwrap();
        host
    }

    fn connect(&self) -> Connection {
        let connection = Connection::open(self.directory.path().join("host.db")).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        connection
    }

    /// What the store gives to somebody else.
    async fn seen(&self) -> Slice {
        self.store.load(&self.acme, &Reads::new(), now()).await.unwrap()
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            organization: self.acme.clone(),
            id: DeliveryId::from_parts(now(), [1; 10]),
            invitation: InvitationId::from_parts(now(), [1; 10]),
            revision: 0,
            kind: DeliveryKind::Invitation,
            state: DeliveryState::Queued,
            due_at: now(),
            created_at: now(),
            lease: 0,
            leased_until: None,
            mailed_at: None,
            attempts: vec![],
        }
    }

    async fn is_suspended(&self) -> bool {
        self.seen().await.organization().unwrap().status == OrganizationStatus::Suspended
    }

    fn users(&self) -> i64 {
        self.connect().query_row("select count(*) from users", [], |row| row.get(0)).unwrap()
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
async fn the_host_owns() {
    let host = Host::new().await;
    let mut connection = host.connect();
    for kept in [false, true] {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        sign_up(&transaction);
        host.suspend(&transaction).unwrap();
        assert_eq!((host.users(), host.is_suspended().await), (0, false), "nobody else sees it yet");
        if kept {
            transaction.commit().unwrap();
        } else {
            drop(transaction);
        }
        assert_eq!((host.users() == 1, host.is_suspended().await), (kept, kept));
    }
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
    assert_eq!((host.users(), host.is_suspended().await), (1, false), "the host took back that part alone");
}

/// Others are kept from writing from the first load on, and so what was decided cannot conflict.
#[tokio::test]
async fn it_locks_before_reading() {
    let host = Host::new().await;
    let mut connection = host.connect();
    let other = host.connect();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred).unwrap();
    let earlier = decided(host.seen().await, [Event::OrganizationSuspended]);
    host.store.commit(&earlier).await.unwrap();
    let slice = host.load(&transaction).unwrap();
    assert_eq!(slice.version(), 2, "it has read nothing before, and sees what was written since it began");
    assert!(other.execute_batch("begin immediate").is_err(), "the lock is taken");
    let resumed = decided(slice, [Event::OrganizationResumed]);
    SqliteTransaction::of(&transaction).write(&resumed).unwrap();
    assert!(host.is_suspended().await, "those who read wait for nobody");
    transaction.commit().unwrap();
    assert!(!host.is_suspended().await);
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
async fn it_reads_its_own_writes() {
    let host = Host::new().await;
    let mut connection = host.connect();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    host.suspend(&transaction).unwrap();
    let slice = host.load(&transaction).unwrap();
    assert_eq!(slice.organization().unwrap().status, OrganizationStatus::Suspended);
    SqliteTransaction::of(&transaction).write(&decided(slice, [Event::OrganizationResumed])).unwrap();
    transaction.commit().unwrap();
    assert_eq!(host.seen().await.version(), 3);
}

/// Also what was decided on a version that is past: a conflict that is no reason to give up the host's rows.
#[tokio::test]
async fn a_failed_write_leaves_nothing() {
    let host = Host::new().await;
    let mut connection = host.connect();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    sign_up(&transaction);
    let commit = decided(host.load(&transaction).unwrap(), [Event::OrganizationSuspended]);
    let mut at_its_last_rows = commit.clone();
    at_its_last_rows.deliveries = vec![host.delivery(), host.delivery()];
    for failing in [at_its_last_rows, Commit { version: 7, ..commit.clone() }] {
        assert!(SqliteTransaction::of(&transaction).write(&failing).is_err());
        let status = host.load(&transaction).unwrap().organization().unwrap().status;
        assert_eq!(status, OrganizationStatus::Active);
    }
    SqliteTransaction::of(&transaction).write(&commit).unwrap();
    assert!(matches!(SqliteTransaction::of(&transaction).write(&commit), Err(CommitError::Conflict)));
    transaction.commit().unwrap();
    assert_eq!((host.users(), host.is_suspended().await), (1, true));
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
    let mut connection = Connection::open(host.directory.path().join("other.db")).unwrap();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    assert_eq!(is_cause(&stored(host.load(&transaction))), Some(&SchemaError::Missing));
}
