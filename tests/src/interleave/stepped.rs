//! A store that stops before every call.

use std::hash::{DefaultHasher, Hash, Hasher};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite::core::{Commit, CommitId, Reads, Slice};
use invite::storage::{
    CommitError, Completion, Exclusive, Failure, InboxEntry, Lease, Leases, Membership, Seek,
    SuppressionEntry, Wrapper,
};
use invite::{Invitee, OrganizationId, Storage, StorageError, UserId};

use super::Stage;

/// A store that stops before every call that commands and couriers make, and what goes through all organizations.
#[derive(Debug, Clone)]
pub struct Stepped<S> {
    inner: S,
    stage: Stage,
}

impl<S> Stepped<S> {
    /// Stops at a stage.
    pub fn new(inner: S, stage: Stage) -> Self {
        Self { inner, stage }
    }
}

/// Keeps what a call showed, in few bytes.
fn saw<T: std::fmt::Debug>(stage: &Stage, call: &str, shown: T) -> T {
    let mut hasher = DefaultHasher::new();
    format!("{shown:?}").hash(&mut hasher);
    stage.saw(format!("{call} {:x}", hasher.finish()));
    shown
}

#[async_trait]
impl<S: Storage> Wrapper for Stepped<S> {
    type Store = S;

    fn store(&self) -> &S {
        &self.inner
    }

    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        self.stage.step().await;
        saw(&self.stage, &format!("load at {now}"), self.inner.load(organization, reads, now).await)
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.stage.step().await;
        let came = self.inner.commit(commit).await;
        if came.is_ok() {
            self.stage.wrote();
        }
        saw(&self.stage, "commit", came)
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        self.stage.step().await;
        let inner = self.inner.exclusive(organization).await?;
        self.stage.saw("lock".to_owned());
        Ok(Box::new(Unit { inner, stage: self.stage.clone() }))
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        self.stage.step().await;
        saw(&self.stage, "find", self.inner.find_commit(organization, commit).await)
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        self.stage.step().await;
        self.stage.wrote();
        saw(&self.stage, "forget", self.inner.forget_commands(now, limit).await)
    }

    async fn block_everywhere(
        &self,
        invitees: &[Invitee],
        since: Option<DateTime<Utc>>,
    ) -> Result<u32, StorageError> {
        self.stage.step().await;
        self.stage.wrote();
        saw(&self.stage, "block", self.inner.block_everywhere(invitees, since).await)
    }

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        self.stage.step().await;
        saw(&self.stage, "inbox", self.inner.inbox(invitees, now, seek).await)
    }

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        self.stage.step().await;
        saw(&self.stage, "memberships", self.inner.memberships(user, seek).await)
    }

    async fn suppressions(
        &self,
        invitees: &[Invitee],
        limit: u32,
    ) -> Result<Vec<SuppressionEntry>, StorageError> {
        self.stage.step().await;
        saw(&self.stage, "suppressions", self.inner.suppressions(invitees, limit).await)
    }

    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        self.stage.step().await;
        saw(&self.stage, "holders", self.inner.holders(person, after, limit).await)
    }

    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        self.stage.step().await;
        self.stage.wrote();
        saw(&self.stage, "lease", self.inner.lease(now, until, limit).await)
    }

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        self.stage.step().await;
        self.stage.wrote();
        saw(&self.stage, "complete", self.inner.complete(lease, completion).await)
    }

    async fn fail(&self, lease: &Lease, failure: &Failure) -> Result<bool, StorageError> {
        self.stage.step().await;
        self.stage.wrote();
        saw(&self.stage, "fail", self.inner.fail(lease, failure).await)
    }

    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        self.stage.step().await;
        saw(&self.stage, "due", self.inner.due().await)
    }
}

struct Unit {
    inner: Box<dyn Exclusive>,
    stage: Stage,
}

#[async_trait]
impl Exclusive for Unit {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.stage.step().await;
        saw(&self.stage, &format!("load at {now}"), self.inner.load(reads, now).await)
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.stage.step().await;
        saw(&self.stage, "write", self.inner.write(commit).await)
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { inner, stage } = *self;
        stage.step().await;
        stage.wrote();
        saw(&stage, "commit", inner.commit().await)
    }
}
