//! A store in memory with one thing wrong: whatever a twist does not say is as it should be.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Commit, CommitId, Invitee, Member, Organization, OrganizationId, Reads, RowChange, Slice, UserId,
};
use invite_memory::MemoryStorage;
use invite_storage::*;

/// What is wrong with a store. Every method goes to the sound one unless it is said otherwise.
#[async_trait]
pub trait Twist: Send + Sync + 'static {
    async fn load(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        store.load(id, reads, now).await
    }

    async fn commit(&self, store: &MemoryStorage, commit: &Commit) -> Result<(), CommitError> {
        store.commit(commit).await
    }

    async fn exclusive(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
    ) -> Result<Box<dyn Exclusive>, StorageError> {
        store.exclusive(id).await
    }

    async fn find_commit(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        store.find_commit(id, commit).await
    }

    async fn forget_commands(
        &self,
        store: &MemoryStorage,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u32, StorageError> {
        store.forget_commands(now, limit).await
    }

    async fn roster(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        store.roster(id, now, seek).await
    }

    async fn invitations(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        store.invitations(id, filter, now, seek).await
    }

    async fn members(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        store.members(id, filter, seek).await
    }

    async fn inbox(
        &self,
        store: &MemoryStorage,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        store.inbox(invitees, now, seek).await
    }

    async fn events(
        &self,
        store: &MemoryStorage,
        id: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        store.events(id, after, limit).await
    }

    async fn lease(
        &self,
        store: &MemoryStorage,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        store.lease(now, until, limit).await
    }

    async fn complete(
        &self,
        store: &MemoryStorage,
        lease: &Lease,
        completion: &Completion,
    ) -> Result<bool, StorageError> {
        store.complete(lease, completion).await
    }
}

/// The store with the twist.
#[derive(Clone)]
pub struct Twisted<T>(pub MemoryStorage, pub Arc<T>);

impl<T: Twist> Twisted<T> {
    pub fn new(twist: T) -> Self {
        Self(MemoryStorage::new(), Arc::new(twist))
    }
}

#[async_trait]
impl<T: Twist> Storage for Twisted<T> {
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        self.1.load(&self.0, organization, reads, now).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        self.1.commit(&self.0, commit).await
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        self.1.exclusive(&self.0, organization).await
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        self.1.find_commit(&self.0, organization, commit).await
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        self.1.forget_commands(&self.0, now, limit).await
    }
}

#[async_trait]
impl<T: Twist> Pages for Twisted<T> {
    async fn roster(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        self.1.roster(&self.0, organization, now, seek).await
    }

    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        self.1.invitations(&self.0, organization, filter, now, seek).await
    }

    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        self.1.members(&self.0, organization, filter, seek).await
    }

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        self.1.inbox(&self.0, invitees, now, seek).await
    }

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        self.0.memberships(user, seek).await
    }

    async fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        self.1.events(&self.0, organization, after, limit).await
    }
}

#[async_trait]
impl<T: Twist> Outbox for Twisted<T> {
    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError> {
        self.1.lease(&self.0, now, until, limit).await
    }

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        self.1.complete(&self.0, lease, completion).await
    }

    async fn fail(&self, lease: &Lease, failure: &Failure) -> Result<bool, StorageError> {
        self.0.fail(lease, failure).await
    }

    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        self.0.due().await
    }
}

/// The version of an organization now.
pub async fn version(store: &MemoryStorage, id: &OrganizationId) -> Result<u64, StorageError> {
    Ok(store.load(id, &Reads::new(), DateTime::UNIX_EPOCH).await?.version())
}

/// The same commit, as if it had been decided on another version.
pub fn rebased(commit: &Commit, version: u64) -> Commit {
    let mut commit = commit.clone();
    commit.version = version;
    if let Some(header) = &mut commit.header {
        header.version = version + commit.events.len() as u64;
    }
    for (event, sequence) in commit.events.iter_mut().zip(version + 1..) {
        event.sequence = sequence;
    }
    commit
}

/// Changes the values of rows that a commit writes.
pub fn edit<K, R>(changes: &mut [RowChange<K, R>], edit: impl Fn(&mut R)) {
    for change in changes {
        match change {
            RowChange::Insert(row) | RowChange::Update(row) => edit(row),
            RowChange::Delete(_) => {}
        }
    }
}

/// The answers of one slice under the header of another one.
pub fn answers_of(old: &Slice, header: Option<Organization>, reads: &Reads) -> Slice {
    let mut slice = Slice::new(old.id().clone(), header);
    for _ in 0..8 {
        let open = slice.open(reads);
        for id in open.invitations {
            let row = old.invitation(id).ok().flatten().cloned();
            slice.answer_invitation(id, row, old.mailed_at(id).ok().flatten());
        }
        for invitee in open.invitees {
            let rows = old.open_of(&invitee).map_or_else(|_| Vec::new(), |rows| rows.cloned().collect());
            let kinds = invite_core::SuppressionKind::ALL.into_iter();
            let suppressions = kinds.filter_map(|kind| {
                let at = old.suppressed_since(&invitee, kind).ok()??;
                Some(invite_core::Suppression { invitee: invitee.clone(), kind, at })
            });
            let suppressions = suppressions.collect::<Vec<_>>();
            slice.answer_invitee(invitee, rows, suppressions);
        }
        for user in open.members {
            let row = old.member(&user).ok().flatten().cloned();
            slice.answer_member(user, row);
        }
        for address in open.addresses {
            let row = old.member_with(&address).ok().flatten().cloned();
            slice.answer_address(address, row);
        }
        for user in open.sent_by {
            let mut rows = Vec::new();
            if let Ok((sent, more)) = old.sent_by(&user) {
                rows.extend(sent.cloned());
                if let (true, Some(row)) = (more, rows.first().cloned()) {
                    rows.push(row);
                }
            }
            slice.answer_sent_by(user, rows);
        }
        for subject in open.limits {
            let kept = old.limit(&subject).ok().flatten();
            slice.answer_limit(subject, kept);
        }
        for key in open.commands {
            let record = old.command(&key).ok().flatten().cloned();
            slice.answer_command(key, record);
        }
        if open.due > 0 {
            match old.due() {
                Ok((rows, more)) => slice.answer_due(rows.cloned().collect(), more),
                Err(_) => slice.answer_due(Vec::new(), false),
            }
        }
    }
    slice
}
