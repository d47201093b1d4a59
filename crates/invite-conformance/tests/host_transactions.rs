//! The suite for host transactions: a right one passes, and each broken one is found, by the promises that it breaks.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use invite_conformance::host_transaction::{CASES, Fixture, Open};
use invite_core::{Commit, OrganizationId, Reads, Slice};
use invite_sqlite::{SqliteStorage, SqliteTransaction};
use invite_storage::{CommitError, HostTransaction, Storage};
use rusqlite::Connection;
use tempfile::TempDir;

/// What is wrong with a transaction.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Broken {
    Nothing,
    CommitsAtOnce,
    ReadsWithoutALock,
    ReadsOnce,
    ChecksNoVersion,
    LosesRecords,
    LeavesHalf,
    EndsInAFailedWrite,
    BeginsItsOwn,
}

/// A file that a store shares with a host.
struct Shared {
    directory: TempDir,
    store: SqliteStorage,
    how: Broken,
}

impl Shared {
    async fn new(how: Broken) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStorage::open(directory.path().join("host.db")).unwrap();
        store.migrate().await.unwrap();
        let shared = Self { directory, store, how };
        shared.connect().execute_batch("create table users (id integer primary key) strict").unwrap();
        shared
    }

    fn connect(&self) -> Connection {
        Connection::open(self.directory.path().join("host.db")).unwrap()
    }
}

impl Fixture for Shared {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    fn begin(&self) -> Box<dyn Open + '_> {
        let connection = self.connect();
        connection.execute_batch("begin").unwrap();
        Box::new(Begun { connection, shared: self, read: None })
    }

    fn rows(&self) -> usize {
        let count = "select count(*) from users";
        let count: i64 = self.connect().query_row(count, [], |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    }
}

struct Begun<'a> {
    connection: Connection,
    shared: &'a Shared,
    /// What was read first.
    read: Option<Slice>,
}

impl Open for Begun<'_> {
    fn transaction(&mut self) -> Box<dyn HostTransaction + '_> {
        Box::new(self)
    }

    fn write_row(&mut self) {
        self.connection.execute("insert into users default values", []).unwrap();
    }

    fn commit(self: Box<Self>) {
        // A host whose transaction is gone may not notice.
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("commit").unwrap();
        }
    }

    fn break_off(&mut self) -> bool {
        self.connection.execute_batch("rollback").unwrap();
        true
    }
}

impl HostTransaction for &mut Begun<'_> {
    fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError> {
        if self.shared.how == Broken::ReadsWithoutALock && !self.connection.is_autocommit() {
            let other = self.shared.connect();
            other.busy_timeout(std::time::Duration::ZERO).unwrap();
            other.execute_batch("begin").unwrap();
            // The lock of another connection, which is let go at once.
            if let Ok(slice) = SqliteTransaction::of(&other).load(organization, reads, now) {
                return Ok(slice);
            }
        }
        if let (Broken::ReadsOnce, Some(slice)) = (self.shared.how, &self.read) {
            return Ok(slice.clone());
        }
        let slice = SqliteTransaction::of(&self.connection).load(organization, reads, now)?;
        self.read = Some(slice.clone());
        Ok(slice)
    }

    fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let mut commit = commit.clone();
        let connection = &self.connection;
        match self.shared.how {
            Broken::BeginsItsOwn if connection.is_autocommit() => {
                connection.execute_batch("begin immediate").unwrap();
                let written = SqliteTransaction::of(connection).write(&commit);
                connection.execute_batch("commit").unwrap();
                return written;
            }
            Broken::ChecksNoVersion if commit.is_sound() => {
                let reads = Reads::new();
                let slice = SqliteTransaction::of(connection).load(
                    &commit.organization,
                    &reads,
                    DateTime::UNIX_EPOCH,
                )?;
                commit.version = slice.version();
                if let Some(header) = &mut commit.header {
                    header.version = commit.version + commit.events.len() as u64;
                }
                for (event, sequence) in commit.events.iter_mut().zip(commit.version + 1..) {
                    event.sequence = sequence;
                }
            }
            Broken::LosesRecords => commit.commands.clear(),
            _ => {}
        }
        let is_open = !connection.is_autocommit();
        let written = SqliteTransaction::of(connection).write(&commit);
        match self.shared.how {
            Broken::CommitsAtOnce if is_open => connection.execute_batch("commit; begin").unwrap(),
            Broken::EndsInAFailedWrite if is_open && written.is_err() => {
                connection.execute_batch("rollback").unwrap()
            }
            Broken::LeavesHalf if written.is_err() && commit.is_sound() => {
                let (header, events, deliveries, members) =
                    (None, Vec::new(), Vec::new(), commit.members.clone());
                let (invitations, places, suppressions) = Default::default();
                let half = Commit {
                    header,
                    events,
                    deliveries,
                    members,
                    invitations,
                    places,
                    suppressions,
                    ..commit
                };
                drop(SqliteTransaction::of(connection).write(&half));
            }
            _ => {}
        }
        written
    }
}

/// The promises that a broken one breaks, as the suite finds.
fn broken_by(how: Broken) -> BTreeSet<&'static str> {
    let failed = CASES.iter().filter_map(|case| {
        case.try_run(async { Box::new(Shared::new(how).await) as Box<dyn Fixture> }).err()
    });
    failed.map(|broken| broken.sentence).collect()
}

/// Each broken transaction with the promises that it breaks.
macro_rules! broken_transactions {
    ($($name:ident: $how:ident breaks [$($promise:ident)*];)+) => {
        $(#[test]
        fn $name() {
            assert_eq!(broken_by(Broken::$how), BTreeSet::from([$(stringify!($promise)),*]));
        })+

        #[test]
        fn every_promise_is_broken_by_one() {
            let broken = [$(&[$(stringify!($promise)),*][..]),+].concat().into_iter().collect::<BTreeSet<&str>>();
            assert_eq!(broken, CASES.iter().map(|case| case.sentence()).collect());
        }
    };
}

broken_transactions! {
    a_right_one: Nothing breaks [];
    it_commits_at_once: CommitsAtOnce breaks [
        the_host_owns it_is_as_load_and_commit_are without_a_transaction_nothing_happens
    ];
    it_reads_without_a_lock: ReadsWithoutALock breaks [it_locks_before_reading];
    it_reads_once: ReadsOnce breaks [
        it_reads_its_own_writes it_is_as_load_and_commit_are without_a_transaction_nothing_happens
    ];
    it_checks_no_version: ChecksNoVersion breaks [it_is_as_load_and_commit_are a_failed_write_leaves_nothing];
    it_loses_records: LosesRecords breaks [it_is_as_load_and_commit_are];
    it_leaves_half: LeavesHalf breaks [it_is_as_load_and_commit_are a_failed_write_leaves_nothing];
    it_ends_in_a_failed_write: EndsInAFailedWrite breaks [a_failed_write_leaves_nothing];
    it_begins_its_own: BeginsItsOwn breaks [without_a_transaction_nothing_happens];
}
