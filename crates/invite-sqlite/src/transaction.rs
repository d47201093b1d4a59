//! Transactions of the host.

use chrono::{DateTime, Utc};
use invite_core::{Commit, OrganizationId, Reads, Slice};
use invite_storage::{CommitError, HostTransaction};
use rusqlite::Connection;

use crate::error::{Failure, NoTransaction};
use crate::{commit, load, migrate, sql};

/// The transaction that a host has open on a connection of its own, for commands to be written into (F4).
///
/// Begin it with `BEGIN IMMEDIATE`, as `rusqlite::TransactionBehavior::Immediate` does. A deferred one does as well as
/// long as it has read nothing: the first load takes the lock. If it has read, and anybody has written to the file since,
/// SQLite can never let it write, and that is a [`CommitError::Conflict`]: roll back and begin again, immediate.
///
/// SQLite has one lock for the whole file: until the host commits or rolls back, every other writer waits, up to its
/// busy timeout. So hold the transaction for as long as its statements take, not across requests or mails, and do not
/// await a command of the service meanwhile. The calls block.
///
/// # Errors
/// Of both halves: [`CommitError::Conflict`] as above; a storage error that is
/// [`unavailable`](invite_storage::StorageError::is_unavailable) while another writer keeps the lock for longer than the
/// connection's busy timeout; one whose source is [`NoTransaction`] or a [`SchemaError`](crate::SchemaError).
#[derive(Debug, Clone, Copy)]
pub struct SqliteTransaction<'a> {
    connection: &'a Connection,
}

impl<'a> SqliteTransaction<'a> {
    /// The transaction that is open on a connection. A `rusqlite::Transaction` or `Savepoint` stands for its connection:
    /// `SqliteTransaction::of(&transaction)`.
    #[must_use]
    pub fn of(connection: &'a Connection) -> Self {
        Self { connection }
    }

    fn required(self) -> Result<&'a Connection, Failure> {
        if self.connection.is_autocommit() {
            return Err(Failure::other(NoTransaction));
        }
        Ok(self.connection)
    }
}

impl HostTransaction for SqliteTransaction<'_> {
    fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError> {
        let connection = self.required()?;
        // Before anything is read, or it may be of the past. Without tables it fails, and the next line says why.
        let locked = lock(connection);
        migrate::require(connection)?;
        locked?;
        Ok(load::slice(connection, organization, reads, now)?)
    }

    fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let connection = self.required()?;
        connection.execute_batch("SAVEPOINT invite_commit").map_err(Failure::from)?;
        let written = migrate::require(connection).and_then(|()| commit::write(connection, commit));
        let end = match &written {
            Ok(()) => "RELEASE invite_commit",
            Err(_) => "ROLLBACK TO invite_commit; RELEASE invite_commit",
        };
        let ended = connection.execute_batch(end);
        // What SQLite rolled back by itself has no savepoint any more; then the first failure says why.
        written?;
        Ok(ended.map_err(Failure::from)?)
    }
}

/// Takes the lock of the database, if the transaction does not hold it yet.
fn lock(connection: &Connection) -> Result<(), Failure> {
    connection.prepare_cached(sql::LOCK)?.execute([])?;
    Ok(())
}
