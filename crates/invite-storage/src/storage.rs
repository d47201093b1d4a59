//! Load and commit.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Commit, CommitId, Invitee, OrganizationId, Reads, Slice};

use crate::{CommitError, Outbox, Pages, StorageError};

/// A store. The contract is the [crate's documentation](crate).
#[async_trait]
pub trait Storage: Pages + Outbox {
    /// Loads what a command needs to see.
    ///
    /// # Errors
    /// [`StorageError`]; an organization that does not exist is no error.
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError>;

    /// Writes a commit, whole or not at all.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if the organization is not at the commit's version.
    async fn commit(&self, commit: &Commit) -> Result<(), CommitError>;

    /// Opens a unit of work that locks the organization before reading, and waits for another one to end.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError>;

    /// Whether a commit with events was written: the answer to a lost reply.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError>;

    /// Deletes records of commands with `expires_at <= now`, at most `limit` of them, in any organization. Says
    /// how many there were.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError>;

    /// Blocks all organizations for invitees since a time, or undoes that with `None`; all of them or none. Says for
    /// how many it changed anything: one who blocks them already keeps the time.
    ///
    /// This lies outside of organizations and their versions. A command decided meanwhile may miss it; what is sent
    /// afterwards does not.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn block_everywhere(
        &self,
        invitees: &[Invitee],
        since: Option<DateTime<Utc>>,
    ) -> Result<u32, StorageError>;

    /// The organizations that hold something about a person, by their ids, at most `limit` of those behind `after`: an
    /// invitation that was not erased, a membership, something that was blocked, a join request that was not erased or
    /// that the user made, or a record of an event about the user. The person is named by at most 32 addresses and users.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError>;
}

/// A unit of work that locked its organization. Dropped, it is rolled back.
#[async_trait]
pub trait Exclusive: Send {
    /// Loads what a command needs to see.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError>;

    /// Writes a commit into the unit. Later loads of the unit see it, nobody else does yet.
    ///
    /// # Errors
    /// [`CommitError`]; after one the unit can only be dropped.
    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError>;

    /// Makes what was written true.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn commit(self: Box<Self>) -> Result<(), StorageError>;
}
