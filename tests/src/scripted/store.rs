//! Every call of a store, as the script says.

use std::sync::Arc;

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

use super::{Call, Fault, Script, Scripted, lock};

/// Makes a call as the script says: not at all, late, twice, or without its reply. Of two replies the first is told.
macro_rules! call {
    ($script:expr, $call:expr, $inner:expr) => {{
        let fault = $script.meet($call).await?;
        let reply = $inner.await;
        if fault == Fault::Twice {
            drop($inner.await);
        }
        match fault.error_after($call) {
            Some(error) => reply.and(Err(error.into())),
            None => reply,
        }
    }};
}

#[async_trait]
impl<S: Storage> Storage for Scripted<S> {
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        self.script.load(organization).await?;
        call!(self.script, Call::Load, self.inner.load(organization, reads, now))
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
        call!(self.script, Call::FindCommit, self.inner.find_commit(organization, commit))
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        call!(self.script, Call::ForgetCommands, self.inner.forget_commands(now, limit))
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
        call!(self.script, Call::UnitLoad, self.inner.load(reads, now))
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

#[async_trait]
impl<S: Storage> Pages for Scripted<S> {
    async fn roster(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        call!(self.script, Call::Roster, self.inner.roster(organization, now, seek))
    }

    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        call!(self.script, Call::Invitations, self.inner.invitations(organization, filter, now, seek))
    }

    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        call!(self.script, Call::Members, self.inner.members(organization, filter, seek))
    }

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        call!(self.script, Call::Inbox, self.inner.inbox(invitees, now, seek))
    }

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        call!(self.script, Call::Memberships, self.inner.memberships(user, seek))
    }

    async fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        call!(self.script, Call::Events, self.inner.events(organization, after, limit))
    }
}

#[async_trait]
impl<S: Storage> Outbox for Scripted<S> {
    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        call!(self.script, Call::Lease, self.inner.lease(now, until, limit))
    }

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        call!(self.script, Call::Complete, self.inner.complete(lease, completion))
    }

    async fn fail(&self, lease: &Lease, failure: &Failure) -> Result<bool, StorageError> {
        call!(self.script, Call::Fail, self.inner.fail(lease, failure))
    }

    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        call!(self.script, Call::Due, self.inner.due())
    }
}
