//! The store: organizations, each behind its own locks.

use std::cmp::Ordering;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Commit, CommitId, Invitee, OrganizationId, Reads, Slice, Suppression, SuppressionKind, UserId,
};
use invite_storage::{CommitError, Exclusive, Storage, StorageError};
use tokio::sync::OwnedMutexGuard;

use crate::commit::{Change, Erasing};
use crate::directory::Directory;
use crate::load::load;
use crate::outbox::Queue;
use crate::rows::{Map, Rows};

/// A store in memory. Clones are handles of one and the same store; what it holds ends with the last of them.
///
/// ```
/// use invite_core::{OrganizationId, Reads};
/// use invite_memory::MemoryStorage;
/// use invite_storage::Storage;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let storage = MemoryStorage::new();
/// let slice = storage.load(&OrganizationId::parse("acme")?, &Reads::new(), Default::default()).await?;
/// assert_eq!(slice.version(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MemoryStorage {
    pub(crate) shared: Arc<Shared>,
}

/// Locks are taken in this order, and a later one is never held while an earlier one is taken:
///
/// 1. the gate of one organization, which alone may be held across an await;
/// 2. the rows of one organization: whoever holds them sees a whole number of commits;
/// 3. the queue, the blocks, or one shard of a directory, alone.
///
/// The map of tenants is let go before any of these is taken. The queue and the directories say where to
/// look, and the rows say what is there: they are written while the rows are held, and read before.
#[derive(Default)]
pub(crate) struct Shared {
    tenants: RwLock<Map<OrganizationId, Arc<Tenant>>>,
    /// Where a user is a member.
    pub(crate) users: Directory<UserId>,
    /// Where an invitee has open invitations.
    pub(crate) invitees: Directory<Invitee>,
    /// Where a user has made join requests.
    pub(crate) asking: Directory<UserId>,
    /// Where a user was a member once.
    pub(crate) former: Directory<UserId>,
    /// Where an invitee does not want something.
    pub(crate) unwilling: Directory<Invitee>,
    /// Who blocks all organizations.
    pub(crate) blocks: RwLock<Map<Invitee, DateTime<Utc>>>,
    pub(crate) queue: Mutex<Queue>,
}

/// One organization.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: OrganizationId,
    /// Held by every commit, and by an exclusive unit for as long as it lives.
    gate: Arc<tokio::sync::Mutex<()>>,
    rows: Mutex<Rows>,
}

impl MemoryStorage {
    /// A store with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Shows nothing of what it holds.
impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage").finish_non_exhaustive()
    }
}

impl Shared {
    pub(crate) fn tenant(&self, id: &OrganizationId) -> Option<Arc<Tenant>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// The tenant, made if it is not there. It exists for others only once it has an organization's row.
    fn tenant_or_new(&self, id: &OrganizationId) -> Arc<Tenant> {
        self.tenant(id).unwrap_or_else(|| {
            let mut tenants = self.tenants.write().unwrap_or_else(PoisonError::into_inner);
            let tenant = || Tenant { id: id.clone(), gate: Arc::default(), rows: Mutex::default() };
            tenants.entry(id.clone()).or_insert_with(|| Arc::new(tenant())).clone()
        })
    }

    pub(crate) fn tenants(&self) -> Vec<Arc<Tenant>> {
        self.tenants.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The block of all organizations, if an invitee made one.
    pub(crate) fn block_of(&self, invitee: &Invitee) -> Option<Suppression> {
        let at = self.blocks.read().unwrap_or_else(PoisonError::into_inner).get(invitee).copied()?;
        Some(Suppression { invitee: invitee.clone(), kind: SuppressionKind::Everywhere, at })
    }

    /// Makes a checked change true, across organizations too.
    fn apply(&self, tenant: &Arc<Tenant>, rows: &mut Rows, change: &mut Change) {
        rows.swap(change);
        for (user, is_member) in rows.users_of(change) {
            self.users.set(user, tenant, is_member);
        }
        for (invitee, is_invited) in rows.invitees_of(change) {
            self.invitees.set(invitee, tenant, is_invited);
        }
        for (user, has_any) in rows.asking_in(change) {
            self.asking.set(user, tenant, has_any);
        }
        for (user, _) in &change.former {
            self.former.set(user, tenant, rows.former.contains_key(user));
        }
        for swap in &change.suppressions {
            let (invitee, _) = &swap.key;
            self.unwilling.set(invitee, tenant, rows.suppressions_of(invitee).next().is_some());
        }
        if let Erasing::Restore(_, _, deliveries) = &change.erased
            && !deliveries.is_empty()
        {
            let mut queue = lock(&self.queue);
            deliveries.iter().for_each(|delivery| queue.remove(tenant, delivery));
        }
        if !change.deliveries.is_empty() {
            let mut queue = lock(&self.queue);
            for delivery in rows.deliveries_of(change) {
                queue.enter(tenant, delivery);
            }
        }
    }
}

/// Tenants are told apart by their ids, and ordered by them.
impl PartialEq for Tenant {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Tenant {}

impl PartialOrd for Tenant {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Tenant {
    fn cmp(&self, other: &Self) -> Ordering {
        self.id.cmp(&other.id)
    }
}

impl Tenant {
    pub(crate) fn rows(&self) -> MutexGuard<'_, Rows> {
        lock(&self.rows)
    }
}

/// A poisoned lock is taken all the same: no code that holds one panics half-way through a change.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        match self.shared.tenant(organization) {
            Some(tenant) => load(&self.shared, &tenant.rows(), organization, reads, now),
            None => load(&self.shared, &Rows::default(), organization, reads, now),
        }
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        // In a place of its own, so that the future is small.
        let mut change = Change::of(commit)?;
        let tenant = match commit.version {
            0 => self.shared.tenant_or_new(&commit.organization),
            _ => self.shared.tenant(&commit.organization).ok_or(CommitError::Conflict)?,
        };
        let _gate = match tenant.gate.try_lock() {
            Ok(gate) => gate,
            Err(_) => tenant.gate.lock().await,
        };
        let mut rows = tenant.rows();
        if !rows.accepts(&change) {
            return Err(CommitError::Conflict);
        }
        self.shared.apply(&tenant, &mut rows, &mut change);
        Ok(())
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        let tenant = self.shared.tenant_or_new(organization);
        let gate = Arc::clone(&tenant.gate).lock_owned().await;
        Ok(Box::new(Unit {
            shared: Arc::clone(&self.shared),
            tenant,
            written: Some(Vec::new()),
            _gate: gate,
        }))
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        Ok(self.shared.tenant(organization).is_some_and(|tenant| tenant.rows().has_commit(commit)))
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        let mut forgotten = 0;
        for tenant in self.shared.tenants() {
            let left = limit.saturating_sub(forgotten);
            let count = tenant.rows().forget_commands(now, usize::try_from(left).unwrap_or(usize::MAX));
            forgotten = forgotten.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
        }
        Ok(forgotten)
    }

    async fn block_everywhere(
        &self,
        invitees: &[Invitee],
        since: Option<DateTime<Utc>>,
    ) -> Result<u32, StorageError> {
        let mut blocks = self.shared.blocks.write().unwrap_or_else(PoisonError::into_inner);
        let mut changed = 0_u32;
        for invitee in invitees {
            let change = match since {
                Some(at) => match blocks.entry(invitee.clone()) {
                    Entry::Occupied(_) => false,
                    Entry::Vacant(free) => {
                        free.insert(at);
                        true
                    }
                },
                None => blocks.remove(invitee).is_some(),
            };
            changed = changed.saturating_add(change.into());
        }
        Ok(changed)
    }

    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let mut tenants = self.shared.tenants();
        tenants.retain(|tenant| after.is_none_or(|after| tenant.id > *after));
        tenants.sort_unstable();
        let holds = |tenant: &&Arc<Tenant>| {
            let rows = tenant.rows();
            person.iter().any(|invitee| rows.holds(invitee))
        };
        let holders = tenants.iter().filter(holds).map(|tenant| tenant.id.clone());
        Ok(holders.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
}

/// An exclusive unit. It keeps its writes to itself until it commits.
///
/// A unit that loads or writes again after a write puts its changes in place, looks, and puts back what was
/// there before, all while it holds the rows: so its own view costs no copy, and nobody else ever sees it.
struct Unit {
    shared: Arc<Shared>,
    tenant: Arc<Tenant>,
    /// `None` after a write that was not accepted.
    written: Option<Vec<Change>>,
    _gate: OwnedMutexGuard<()>,
}

impl Unit {
    /// What `look` sees with everything written so far in place.
    fn with_written<T>(&mut self, look: impl FnOnce(&Rows) -> T) -> Result<T, StorageError> {
        let written = self.written.as_mut().ok_or_else(failed)?;
        let mut rows = self.tenant.rows();
        written.iter_mut().for_each(|change| rows.swap(change));
        let seen = look(&rows);
        written.iter_mut().rev().for_each(|change| rows.swap(change));
        Ok(seen)
    }
}

fn failed() -> StorageError {
    StorageError::other("a write of this unit failed, and it can only be dropped")
}

#[async_trait]
impl Exclusive for Unit {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        let (organization, shared) = (self.tenant.id.clone(), Arc::clone(&self.shared));
        self.with_written(|rows| load(&shared, rows, &organization, reads, now))?
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let change = Change::of(commit).and_then(|change| {
            let is_ours = commit.organization == self.tenant.id;
            is_ours
                .then_some(change)
                .ok_or_else(|| StorageError::other("the unit is of another organization"))
        });
        let accepted = match &change {
            Ok(change) => self.with_written(|rows| rows.accepts(change))?,
            Err(_) => false,
        };
        if !accepted {
            self.written = None;
        }
        let change = change?;
        self.written.as_mut().ok_or(CommitError::Conflict)?.push(*change);
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { shared, tenant, written, _gate } = *self;
        let written = written.ok_or_else(failed)?;
        let mut rows = tenant.rows();
        for mut change in written {
            shared.apply(&tenant, &mut rows, &mut change);
        }
        Ok(())
    }
}
