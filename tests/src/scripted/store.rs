//! Every call of a store, as the script says.

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite::core::{Commit, CommitId, Reads, Slice};
use invite::storage::{self, CommitError, Exclusive, Wrapper};
use invite::{OrganizationId, Storage, StorageError};

use super::{Call, Fault, Script, Scripted, lock};

impl From<storage::Call> for Call {
    fn from(call: storage::Call) -> Self {
        use storage::Call as Of;
        match call {
            Of::Load => Self::Load,
            Of::Commit => Self::Commit,
            Of::Exclusive => Self::Exclusive,
            Of::FindCommit => Self::FindCommit,
            Of::ForgetCommands => Self::ForgetCommands,
            Of::Roster => Self::Roster,
            Of::Invitations => Self::Invitations,
            Of::Members => Self::Members,
            Of::Groups => Self::Groups,
            Of::Links => Self::Links,
            Of::Requests => Self::Requests,
            Of::Inbox => Self::Inbox,
            Of::Waiting => Self::Waiting,
            Of::Memberships => Self::Memberships,
            Of::RequestsBy => Self::RequestsBy,
            Of::FormerMemberships => Self::FormerMemberships,
            Of::Circles => Self::Circles,
            Of::Suppressions => Self::Suppressions,
            Of::BlockEverywhere => Self::BlockEverywhere,
            Of::Events => Self::Events,
            Of::Lease => Self::Lease,
            Of::Complete => Self::Complete,
            Of::Fail => Self::Fail,
            Of::Due => Self::Due,
            call => panic!("{call:?} has no script"),
        }
    }
}

impl Script {
    /// Makes a call as the script says: not at all, late, twice, or without its reply. Of two replies the first is told.
    async fn around<F, T, E>(&self, call: Call, make: impl Fn() -> F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        E: From<StorageError>,
    {
        let fault = self.meet(call).await?;
        let reply = make().await;
        if fault == Fault::Twice {
            drop(make().await);
        }
        fault.told(call, reply)
    }
}

impl Fault {
    /// What is said of a call that was made.
    fn told<T, E: From<StorageError>>(self, call: Call, reply: Result<T, E>) -> Result<T, E> {
        match self.error_after(call) {
            Some(error) => reply.and(Err(error.into())),
            None => reply,
        }
    }
}

#[async_trait]
impl<S: Storage> Wrapper for Scripted<S> {
    type Store = S;

    fn store(&self) -> &S {
        &self.inner
    }

    async fn around<M, F, T, E>(&self, call: storage::Call, make: M) -> Result<T, E>
    where
        M: Fn() -> F + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
        T: Send,
        E: Error + From<StorageError> + Send,
    {
        self.script.around(call.into(), make).await
    }

    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        self.script.load(organization).await?;
        self.script.around(Call::Load, || self.inner.load(organization, reads, now)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let fault = match self.script.fault(commit).await {
            Fault::None => self.script.meet(Call::Commit).await?,
            fault => fault,
        };
        if fault == Fault::LateCommit {
            *lock(&self.script.late) = Some(commit.clone());
        }
        if let Some(error) = fault.instead_of_commit() {
            return Err(error);
        }
        self.inner.commit(commit).await?;
        if fault == Fault::Twice {
            drop(self.inner.commit(commit).await);
        }
        lock(&self.script.written).push(commit.clone());
        fault.error_after(Call::Commit).map_or(Ok(()), |error| Err(error.into()))
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        self.script.count_lock();
        let late = lock(&self.script.late).take();
        if let Some(late) = late {
            self.inner.commit(&late).await.map_err(StorageError::other)?;
        }
        let fault = self.script.meet(Call::Exclusive).await?;
        if fault == Fault::Twice {
            // The first of two is over before the second can begin.
            drop(self.inner.exclusive(organization).await);
        }
        let inner = self.inner.exclusive(organization).await?;
        if let Some(error) = fault.error_after(Call::Exclusive) {
            return Err(error);
        }
        let (script, organization) = (Arc::clone(&self.script), organization.clone());
        Ok(Box::new(Unit { inner, script, organization, after: None }))
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        self.script.lookup()?;
        self.script.around(Call::FindCommit, || self.inner.find_commit(organization, commit)).await
    }
}

struct Unit {
    inner: Box<dyn Exclusive>,
    script: Arc<Script>,
    organization: OrganizationId,
    /// What to say once it is committed.
    after: Option<StorageError>,
}

#[async_trait]
impl Exclusive for Unit {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.script.load(&self.organization).await?;
        let fault = self.script.meet(Call::UnitLoad).await?;
        let reply = self.inner.load(reads, now).await;
        if fault == Fault::Twice {
            drop(self.inner.load(reads, now).await);
        }
        fault.told(Call::UnitLoad, reply)
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let fault = self.script.fault(commit).await;
        if let Some(error) = fault.instead_of_commit() {
            return Err(error);
        }
        self.after = fault.error_after(Call::Commit);
        let fault = self.script.meet(Call::UnitWrite).await?;
        self.inner.write(commit).await?;
        fault.error_after(Call::UnitWrite).map_or(Ok(()), |error| Err(error.into()))
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { inner, script, after, .. } = *self;
        let fault = script.meet(Call::UnitCommit).await?;
        inner.commit().await?;
        after.or(fault.error_after(Call::UnitCommit)).map_or(Ok(()), Err)
    }
}
