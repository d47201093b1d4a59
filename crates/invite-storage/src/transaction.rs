//! Transactions that the host owns.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Commit, OrganizationId, Reads, Slice};

use crate::CommitError;

/// A transaction that the host owns, into which commands are written beside the host's own statements: sign-up and
/// acceptance become true together, or neither does (F4).
///
/// This one is for drivers whose calls block, such as that of SQLite. An adapter implements it over the driver's own
/// transaction. Each promise has a name, after which the case that checks it is called:
///
/// - `it_is_as_load_and_commit_are`: what the [contract](crate) says of load and commit holds for both halves.
/// - `the_host_owns`: it neither begins, commits nor rolls back the transaction. What is written becomes true when the
///   host commits, and nobody else sees it before.
/// - `it_locks_before_reading`: from the first load on nobody else commits to the organization until the transaction
///   ends, so what is decided on that load does not conflict.
/// - `it_reads_its_own_writes`: a load sees what was written into the transaction before, so that commands can follow
///   one another in it.
/// - `a_failed_write_leaves_nothing`: the transaction is as it was before that write, and stays open, unless the
///   database itself ended it.
/// - `without_a_transaction_nothing_happens`: where none is open, or the database has ended it, both halves fail.
pub trait HostTransaction {
    /// Locks the organization, and loads what a command needs to see.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if somebody wrote after the transaction had begun to read: what it read is past, and
    /// only a new transaction helps. An organization that does not exist is no error.
    fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError>;

    /// Writes a commit into the transaction, whole or not at all.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if the organization is not at the commit's version.
    fn write(&mut self, commit: &Commit) -> Result<(), CommitError>;
}

impl<T: HostTransaction + ?Sized> HostTransaction for &mut T {
    fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError> {
        (**self).load(organization, reads, now)
    }

    fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        (**self).write(commit)
    }
}

/// The same for drivers whose calls are awaited, such as those of Postgres: what [`HostTransaction`] promises.
#[async_trait]
pub trait AsyncHostTransaction: Send {
    /// Locks the organization, and loads what a command needs to see.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if somebody wrote after the transaction had begun to read: what it read is past, and
    /// only a new transaction helps. An organization that does not exist is no error.
    async fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError>;

    /// Writes a commit into the transaction, whole or not at all.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if the organization is not at the commit's version.
    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError>;
}

#[async_trait]
impl<T: AsyncHostTransaction + ?Sized> AsyncHostTransaction for &mut T {
    async fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError> {
        (**self).load(organization, reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        (**self).write(commit).await
    }
}
