//! The contract asked of SQLite, and what only a file can show.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, reason = "a module of one test program")]
mod world;

use std::sync::Arc;

use async_trait::async_trait;
use invite_conformance::storage::{Fixture, Row};
use invite_core::{Event, Grant, Invitee, JoinRequest, OrganizationId, Reads, RequestId, RequestWay};
use invite_sqlite::{SchemaError, SqliteStorage, SqliteTransaction};
use invite_storage::{CommitError, HostTransaction, MemberFilter, Outbox, Pages, Storage, StorageError};
use rusqlite::types::Value;
use rusqlite::{Connection, params};
use tempfile::TempDir;
use tokio::sync::Barrier;
use uuid::Uuid;
use world::*;

async fn file() -> (SqliteStorage, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory);
    store.migrate().await.unwrap();
    (store, directory)
}

fn open(directory: &TempDir) -> SqliteStorage {
    SqliteStorage::open(directory.path().join("invite.db")).unwrap()
}

/// A connection of somebody else to the same file.
fn connect(directory: &TempDir) -> Connection {
    let connection = Connection::open(directory.path().join("invite.db")).unwrap();
    connection.busy_timeout(invite_sqlite::BUSY_TIMEOUT).unwrap();
    connection
}

async fn memory() -> SqliteStorage {
    let store = SqliteStorage::in_memory().unwrap();
    store.migrate().await.unwrap();
    store
}

/// The store in a file, which another process may open as well, and the next one after this.
struct File {
    /// `None` while it is closed.
    store: Option<SqliteStorage>,
    directory: TempDir,
}

impl File {
    async fn new() -> Self {
        let (store, directory) = file().await;
        Self { store: Some(store), directory }
    }
}

#[async_trait]
impl Fixture for File {
    fn storage(&self) -> &dyn Storage {
        self.store.as_ref().unwrap()
    }

    async fn another(&self) -> Option<Box<dyn Storage>> {
        Some(Box::new(open(&self.directory)))
    }

    async fn reopen(&mut self) -> bool {
        drop(self.store.take());
        self.store = Some(open(&self.directory));
        true
    }

    /// The file, its log and its index.
    async fn stored(&self) -> Option<Vec<u8>> {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        Some(files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect())
    }

    /// A later release takes the file over.
    async fn cut(&self) -> bool {
        connect(&self.directory).execute("insert into invite_migrations (version) values (99)", []).unwrap();
        true
    }

    async fn damage(&self, organization: &OrganizationId, row: &Row) -> bool {
        let id = |id: Uuid| Value::Blob(id.as_bytes().to_vec());
        let (sql, key) = match row {
            Row::Invitation(row) => (
                "update invite_invitations set grants = '{}' where organization = ?1 and id = ?2",
                id(row.as_uuid()),
            ),
            Row::Member(user) => (
                "update invite_members set grants = '{}' where organization = ?1 and user = ?2",
                Value::Text(user.to_string()),
            ),
            Row::Request(row) => (
                "update invite_requests set grants = '{}' where organization = ?1 and id = ?2",
                id(row.as_uuid()),
            ),
            Row::Delivery(row) => (
                "update invite_deliveries set attempts = '[' where organization = ?1 and id = ?2",
                id(row.as_uuid()),
            ),
        };
        connect(&self.directory).execute(sql, params![organization.as_str(), key]).unwrap() == 1
    }
}

mod in_a_file {
    invite_conformance::storage! {
        super::File::new().await;
        except unknown_is_said: "only the connection that writes can lose a reply: `src/storage.rs` asks for it"
    }
}

mod in_memory {
    invite_conformance::storage! {
        super::memory().await;
        except organizations_do_not_wait: "there is one connection, and a unit holds it",
            load_reads_own_writes_of_another_handle: "another connection would see another database",
            version_guards_two_writers_with_a_handle_each: "another connection would see another database",
            version_guards_in_a_race_of_two_handles: "another connection would see another database",
            exclusive_waits_for_another_handle: "another connection would see another database",
            acknowledged_is_kept: "it ends with the process",
            outbox_has_no_secret_among_all_that_is_stored: "the rows are those that a file has, which is searched",
            errors_fail_closed: "nobody else can take from its memory what it needs",
            errors_fail_closed_where_a_row_cannot_be_read: "nobody else can damage its memory",
            errors_fail_closed_where_a_request_cannot_be_read: "nobody else can damage its memory",
            errors_fail_closed_and_take_no_other_delivery_along: "nobody else can damage its memory",
            unknown_is_said: "its memory loses no reply"
    }
}

async fn has(store: &SqliteStorage, id: &OrganizationId, name: &str) -> bool {
    let slice = store.load(id, &Reads::new().member(user(name)), at(1)).await.unwrap();
    slice.member(&user(name)).unwrap().is_some()
}

#[track_caller]
fn stored<T>(failed: Result<T, CommitError>) -> StorageError {
    match failed {
        Err(CommitError::Storage(error)) => error,
        Err(conflict) => panic!("{conflict}"),
        Ok(_) => panic!("it did not fail"),
    }
}

fn schema(error: &StorageError) -> SchemaError {
    *std::error::Error::source(error).unwrap().downcast_ref().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_migrate_at_once() {
    let directory = Arc::new(tempfile::tempdir().unwrap());
    let barrier = Arc::new(Barrier::new(6));
    let processes = (0..6).map(|_| {
        let (directory, barrier) = (directory.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            let store = tokio::task::spawn_blocking(move || open(&directory)).await.unwrap();
            store.migrate().await.unwrap();
            store.migrate().await.unwrap();
        })
    });
    for process in processes.collect::<Vec<_>>() {
        process.await.unwrap();
    }
    let steps: i64 = connect(&directory)
        .query_row("select count(*) from invite_migrations", [], |row| row.get(0))
        .unwrap();
    assert_eq!(steps, 1);
    found(&open(&directory), "acme").await;
}

#[tokio::test]
async fn a_file_that_was_not_migrated_says_so() {
    let directory = tempfile::tempdir().unwrap();
    for store in [open(&directory), SqliteStorage::in_memory().unwrap()] {
        let error = store.load(&organization("acme"), &Reads::new(), at(0)).await.unwrap_err();
        assert_eq!(schema(&error), SchemaError::Missing);
        assert!(schema(&error).to_string().contains("run migrate() first"));
        let Err(error) = store.exclusive(&organization("acme")).await else { panic!() };
        assert_eq!(schema(&error), SchemaError::Missing);
        assert_eq!(schema(&store.lease(at(0), at(1), 1).await.unwrap_err()), SchemaError::Missing);
        store.migrate().await.unwrap();
        found(&store, "acme").await;
    }
}

#[tokio::test]
async fn a_file_of_a_later_release_is_refused() {
    let (store, directory) = file().await;
    connect(&directory).execute("insert into invite_migrations (version) values (99)", []).unwrap();
    let newer = SchemaError::Newer { found: 99, known: 1 };
    let error = SqliteStorage::open(directory.path().join("invite.db")).unwrap_err();
    assert_eq!(schema(&error), newer);
    assert_eq!(schema(&store.due().await.unwrap_err()), newer, "also when it happens meanwhile");
    assert_eq!(schema(&store.migrate().await.unwrap_err()), newer);
}

/// STO-3
#[tokio::test]
async fn errors_fail_closed() {
    let (store, directory) = file().await;
    let acme = found(&store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    let mut made = decide(&store, &acme, &Reads::new(), at(1), [created(&bob)]).await;
    made.deliveries.push(delivery(&acme, &bob, at(1)));
    store.commit(&made).await.unwrap();
    let reads = Reads::new().invitation(bob.id).member(user("ada"));
    let other = connect(&directory);
    for (now, damage, repair) in [
        (2, "update invite_invitations set grants = '{}'", "update invite_invitations set grants = ?1"),
        (
            4,
            "update invite_invitations set grants = '{\"format\":2,\"value\":[]}'",
            "update invite_invitations set grants = ?1",
        ),
    ] {
        let grants: String =
            other.query_row("select grants from invite_invitations", [], |row| row.get(0)).unwrap();
        other.execute(damage, []).unwrap();
        assert!(store.load(&acme, &reads, at(2)).await.unwrap_err().is_corrupt());
        assert!(store.roster(&acme, at(2), &first(9)).await.unwrap_err().is_corrupt());
        let leases = store.lease(at(now), at(now + 2), 9).await.unwrap();
        assert!(leases.leased.is_empty() && leases.unreadable.len() == 1);
        assert!(leases.unreadable[0].is_corrupt());
        other.execute(repair, [grants]).unwrap();
    }
    for damage in [
        "update invite_invitations set nonce = x'00'",
        "update invite_invitations set ended_at = 1",
        "update invite_invitations set address = 'nobody'",
        "update invite_organizations set version = -1",
        "update invite_organizations set plan = 'null'",
        "update invite_organizations set status = 'unheard of'",
        "update invite_organizations set last_at = 9223372036854775807",
    ] {
        other.execute_batch("begin").unwrap();
        other.execute(damage, []).unwrap();
        // Within the transaction that did the damage, so that it can be taken back.
        let error = stored(SqliteTransaction::of(&other).load(&acme, &reads, at(2)));
        assert!(error.is_corrupt(), "{damage}");
        other.execute_batch("rollback").unwrap();
    }
    assert!(store.load(&acme, &reads, at(2)).await.is_ok());
    assert_eq!(
        store.lease(at(6), at(9), 9).await.unwrap().leased.len(),
        1,
        "it goes out once it is repaired"
    );

    let not_a_database = directory.path().join("text.db");
    std::fs::write(&not_a_database, "not a database, but long enough to look like something at first sight")
        .unwrap();
    assert!(SqliteStorage::open(&not_a_database).unwrap_err().is_corrupt());
    assert!(SqliteStorage::open(directory.path().join("no/such/directory")).unwrap_err().is_unavailable());
    assert!(SqliteStorage::open(":memory:").is_err(), "every connection would see another one");
}

fn asked(by: &str) -> JoinRequest {
    JoinRequest {
        id: RequestId::from_uuid(fresh()),
        way: RequestWay::Proposal,
        invitee: email("bob@example.com").into(),
        by: user(by),
        email: Some(email("bob@example.com")),
        name: None,
        grants: Grant::role("member").into(),
        message: None,
        created_at: at(0),
        expires_at: at(1000),
        ended: None,
    }
}

/// STO-3
#[tokio::test]
async fn a_join_request_that_cannot_be_read_is_corrupt() {
    let (store, directory) = file().await;
    let acme = found(&store, "acme").await;
    let row = asked("ada");
    commit(&store, &acme, at(1), [Event::RequestMade { request: Box::new(row.clone()) }]).await;
    let reads = Reads::new().invitee(row.invitee.clone());
    let other = connect(&directory);
    for damage in [
        "update invite_requests set id = x'00'",
        "update invite_requests set way = '{\"format\":1,\"value\":\"magic\"}'",
        "update invite_requests set address = 'nobody'",
        "update invite_requests set by_user = ''",
        "update invite_requests set email = 'nobody'",
        "update invite_requests set grants = '{\"format\":2,\"value\":[]}'",
        "update invite_requests set created_at = 9223372036854775807",
        "update invite_requests set expires_at = 9223372036854775807",
        "update invite_requests set ended_at = 1",
        "update invite_requests set ending = '{\"format\":1,\"value\":{\"how\":\"magic\"}}', ended_at = 1",
        "update invite_organizations set verified = '{\"format\":1,\"value\":{\"nowhere\":{}}}'",
        "update invite_organizations set requests = -1",
    ] {
        other.execute_batch("begin").unwrap();
        assert_eq!(other.execute(damage, []).unwrap(), 1, "{damage}");
        let error = stored(SqliteTransaction::of(&other).load(&acme, &reads, at(2)));
        assert!(error.is_corrupt(), "{damage}");
        other.execute_batch("rollback").unwrap();
    }
    let slice = store.load(&acme, &reads, at(2)).await.unwrap();
    assert_eq!(slice.asked_for(&row.invitee).unwrap().collect::<Vec<_>>(), [&row]);
}

/// A command in an organization without open requests does not look for any.
#[tokio::test]
async fn requests_are_looked_up_only_where_there_are_some() {
    let (store, directory) = file().await;
    let acme = found(&store, "acme").await;
    let bob = Invitee::from(email("bob@example.com"));
    let mut reads = Reads::new().invitee(bob.clone()).person(user("ada")).due();
    reads.due_requests = Reads::DUE;
    connect(&directory).execute_batch("alter table invite_requests rename to hidden").unwrap();
    let slice = store.load(&acme, &reads, at(2)).await.unwrap();
    assert_eq!(slice.asked_for(&bob).unwrap().count(), 0);
    connect(&directory).execute_batch("update invite_organizations set requests = 1").unwrap();
    assert!(store.load(&acme, &reads, at(2)).await.is_err(), "where there are some, they are looked up");
}

/// MAI-5: of several deliveries that are due, one that cannot be read is told, and the others are leased.
#[tokio::test]
async fn a_delivery_that_cannot_be_read_takes_no_other_along() {
    for damage in [
        "update invite_deliveries set attempts = '[' where invitation = ?1",
        "update invite_deliveries set kind = 'unheard of' where invitation = ?1",
        "update invite_deliveries set revision = -1 where invitation = ?1",
        "update invite_deliveries set id = x'00' where invitation = ?1",
        "update invite_deliveries set organization = '' where invitation = ?1",
        "update invite_invitations set nonce = x'00' where id = ?1",
        "update invite_invitations set address = 'nobody' where id = ?1",
        "update invite_invitations set created_at = 9223372036854775807 where id = ?1",
    ] {
        let (store, directory) = file().await;
        let acme = found(&store, "acme").await;
        let mut rows = Vec::new();
        for name in ["bob", "eve", "mia"] {
            let row = invitation(email(&format!("{name}@example.com")));
            let mut made = decide(&store, &acme, &Reads::new(), at(1), [created(&row)]).await;
            made.deliveries.push(delivery(&acme, &row, at(1)));
            store.commit(&made).await.unwrap();
            rows.push(row);
        }
        let bob = rows[0].id.as_uuid().as_bytes().to_vec();
        assert_eq!(connect(&directory).execute(damage, [bob]).unwrap(), 1, "{damage}");
        let leases = store.lease(at(2), at(9), 9).await.unwrap();
        let mut leased = leases.leased.iter().map(|leased| leased.invitation.id).collect::<Vec<_>>();
        leased.sort();
        assert_eq!(leased, [rows[1].id, rows[2].id], "{damage}");
        let [error] = &leases.unreadable[..] else { panic!("{damage}") };
        assert!(error.is_corrupt(), "{damage}");
        let cause = std::error::Error::source(error).unwrap().to_string();
        assert!(cause.starts_with("delivery ") && cause.contains("organization"), "{cause}");
        let later = store.lease(at(3), at(9), 9).await.unwrap();
        assert!(later.leased.is_empty() && later.unreadable.is_empty(), "it is in nobody's way: {damage}");
        let again = store.lease(at(9), at(20), 9).await.unwrap();
        assert_eq!((again.leased.len(), again.unreadable.len()), (2, 1), "tried again: {damage}");
    }
}

/// `leases_end`
#[tokio::test]
async fn a_delivery_whose_invitation_is_gone_is_dropped() {
    let (store, directory) = file().await;
    let acme = found(&store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    let mut made = decide(&store, &acme, &Reads::new(), at(1), [created(&bob)]).await;
    made.deliveries.push(delivery(&acme, &bob, at(1)));
    store.commit(&made).await.unwrap();
    connect(&directory).execute("delete from invite_invitations", []).unwrap();
    let leases = store.lease(at(2), at(9), 9).await.unwrap();
    assert!(leases.leased.is_empty() && leases.unreadable.is_empty());
    assert_eq!(store.due().await.unwrap(), None);
}

#[tokio::test]
async fn what_cannot_be_written_is_unavailable() {
    let (store, directory) = file().await;
    let acme = found(&store, "acme").await;
    let commit = decide(&store, &acme, &Reads::new(), at(1), [Event::OrganizationSuspended]).await;
    let reader = connect(&directory);
    reader.pragma_update(None, "query_only", true).unwrap();
    reader.execute_batch("begin").unwrap();
    assert!(stored(SqliteTransaction::of(&reader).write(&commit)).is_unavailable());
    reader.execute_batch("rollback").unwrap();

    let writer = connect(&directory);
    writer.execute_batch("begin immediate").unwrap();
    let other = connect(&directory);
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    other.execute_batch("begin").unwrap();
    let error = stored(SqliteTransaction::of(&other).write(&commit));
    assert!(error.is_unavailable(), "somebody else holds the lock");
    writer.execute_batch("rollback").unwrap();
    store.commit(&commit).await.unwrap();
}

/// Readers come and go beside a writer, more of them than there are connections.
#[tokio::test(flavor = "multi_thread")]
async fn many_read_while_one_writes() {
    let (store, _directory) = file().await;
    let acme = found(&store, "acme").await;
    let readers = (0..32).map(|_| {
        let (store, acme) = (store.clone(), acme.clone());
        tokio::spawn(async move {
            for _ in 0..10 {
                let members = store.members(&acme, &MemberFilter::default(), &first(99)).await.unwrap();
                assert!(!members.is_empty());
            }
        })
    });
    let readers = readers.collect::<Vec<_>>();
    for n in 0..20 {
        commit(&store, &acme, at(n), [joined(&member(&format!("user{n}"), Grant::role("member")))]).await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(has(&store, &acme, "user19").await);
}
