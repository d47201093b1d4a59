//! Stores that break the contract: what tests are tested with.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite::core::{Commit, CommitId, Invitee, Member, Reads, Slice};
use invite::storage::{
    CommitError, Completion, EventEntry, Exclusive, Failure, InboxEntry, Lease, Leases, Membership, Outbox,
    Pages, Seek,
};
use invite::{
    InvitationEntry, InvitationFilter, MemberFilter, OrganizationId, RosterEntry, Storage, StorageError,
    UserId,
};

use crate::passing_on::passed_on;

/// A store without a version check: whatever somebody else wrote since the load, a commit is written after it.
#[derive(Debug, Clone)]
pub struct Careless<S>(pub S);

#[async_trait]
impl<S: Storage> Storage for Careless<S> {
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        self.0.load(organization, reads, now).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let now = self.0.load(&commit.organization, &Reads::new(), DateTime::UNIX_EPOCH).await?;
        let mut late = commit.clone();
        late.version = now.version();
        if let Some(header) = &mut late.header {
            header.version = late.version + late.events.len() as u64;
        }
        for (event, sequence) in late.events.iter_mut().zip(late.version + 1..) {
            event.sequence = sequence;
        }
        self.0.commit(&late).await
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        self.0.exclusive(organization).await
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        self.0.find_commit(organization, commit).await
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        self.0.forget_commands(now, limit).await
    }
}

/// A store that loses part of what it writes.
#[derive(Debug, Clone)]
pub struct Losing<S> {
    inner: S,
    lose: fn(&mut Commit),
}

impl<S> Losing<S> {
    /// Loses this of every commit.
    pub fn new(inner: S, lose: fn(&mut Commit)) -> Self {
        Self { inner, lose }
    }
}

#[async_trait]
impl<S: Storage> Storage for Losing<S> {
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        self.inner.load(organization, reads, now).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut left = commit.clone();
        (self.lose)(&mut left);
        self.inner.commit(&left).await
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        self.inner.exclusive(organization).await
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        self.inner.find_commit(organization, commit).await
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        self.inner.forget_commands(now, limit).await
    }
}

passed_on!(pages of Careless, 0);
passed_on!(outbox of Careless, 0);
passed_on!(pages of Losing, inner);
passed_on!(outbox of Losing, inner);
