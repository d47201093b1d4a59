//! A store that counts, waits and fails on cue.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
use tokio::sync::Semaphore;

/// What becomes of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a test names the fault that it asks for")]
pub enum Fault {
    /// It is written, as if nobody meddled.
    None,
    /// Somebody else wrote first.
    Conflict,
    /// The store cannot be reached; nothing is written.
    Unavailable,
    /// The store refuses for a reason without a name; nothing is written.
    Refused,
    /// It is written, and the reply is lost.
    LostReply,
    /// It is lost on the way, and nobody knows.
    LostCommit,
    /// It is on its way for so long that its reply is given up; it arrives when the organization is locked next.
    LateCommit,
}

/// A place where the next load of an organization waits, or the next commit.
#[derive(Debug)]
pub struct Gate {
    organization: String,
    before: Before,
    reached: Semaphore,
    open: Semaphore,
}

impl Gate {
    /// Waits until somebody has come to the gate.
    pub async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    /// Lets them through.
    pub fn open(&self) {
        self.open.add_permits(1);
    }

    async fn pass(&self) {
        self.reached.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Load,
    Commit,
}

type Spoiled = Box<dyn Fn(&Commit) -> bool + Send>;

#[derive(Default)]
struct Script {
    loads: AtomicUsize,
    commits: AtomicUsize,
    locks: AtomicUsize,
    lookups: AtomicUsize,
    faults: Mutex<VecDeque<Fault>>,
    gates: Mutex<Vec<Arc<Gate>>>,
    spoiled: Mutex<Option<Spoiled>>,
    late: Mutex<Option<Commit>>,
    lookups_fail: AtomicUsize,
    loads_fail: AtomicUsize,
}

/// A store that counts, waits and fails on cue. Clones share the script.
#[derive(Clone)]
pub struct Scripted<S> {
    inner: S,
    script: Arc<Script>,
}

impl<S> std::fmt::Debug for Scripted<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted").finish_non_exhaustive()
    }
}

impl<S> Scripted<S> {
    /// Does nothing by itself.
    pub fn new(inner: S) -> Self {
        Self { inner, script: Arc::default() }
    }

    /// The next commits come to this.
    pub fn next_commits(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.script.faults).extend(faults);
    }

    /// The next so many loads fail: the store cannot be reached.
    pub fn fail_loads(&self, count: usize) {
        self.script.loads_fail.store(count, Ordering::SeqCst);
    }

    /// The next so many questions for a lost commit fail.
    pub fn fail_lookups(&self, count: usize) {
        self.script.lookups_fail.store(count, Ordering::SeqCst);
    }

    /// Every commit that this is true of is refused for a reason without a name.
    pub fn spoil(&self, when: impl Fn(&Commit) -> bool + Send + 'static) {
        *lock(&self.script.spoiled) = Some(Box::new(when));
    }

    /// The next load of the organization waits at a gate.
    pub fn hold_load(&self, organization: &str) -> Arc<Gate> {
        self.hold(organization, Before::Load)
    }

    /// The next commit of the organization waits at a gate: it is decided, and not yet written.
    pub fn hold_commit(&self, organization: &str) -> Arc<Gate> {
        self.hold(organization, Before::Commit)
    }

    fn hold(&self, organization: &str, before: Before) -> Arc<Gate> {
        let gate = Arc::new(Gate {
            organization: organization.to_owned(),
            before,
            reached: Semaphore::new(0),
            open: Semaphore::new(0),
        });
        lock(&self.script.gates).push(Arc::clone(&gate));
        gate
    }

    /// Begins to count anew.
    pub fn reset(&self) {
        let _ = (self.loads(), self.commits(), self.locks(), self.lookups());
        lock(&self.script.faults).clear();
    }

    /// How often it was loaded from since this was asked last.
    pub fn loads(&self) -> usize {
        self.script.loads.swap(0, Ordering::SeqCst)
    }

    /// How many commits were tried since this was asked last.
    pub fn commits(&self) -> usize {
        self.script.commits.swap(0, Ordering::SeqCst)
    }

    /// How often an organization was locked since this was asked last.
    pub fn locks(&self) -> usize {
        self.script.locks.swap(0, Ordering::SeqCst)
    }

    /// How often a lost commit was asked for since this was asked last.
    pub fn lookups(&self) -> usize {
        self.script.lookups.swap(0, Ordering::SeqCst)
    }
}

impl Script {
    async fn load(&self, organization: &OrganizationId) -> Result<(), StorageError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.wait(organization, Before::Load).await;
        count_down(&self.loads_fail)
    }

    async fn wait(&self, organization: &OrganizationId, before: Before) {
        let gate = {
            let mut gates = lock(&self.gates);
            let is_here =
                |gate: &Arc<Gate>| gate.organization == organization.as_str() && gate.before == before;
            let at = gates.iter().position(is_here);
            at.map(|at| gates.remove(at))
        };
        if let Some(gate) = gate {
            gate.pass().await;
        }
    }

    async fn fault(&self, commit: &Commit) -> Fault {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.wait(&commit.organization, Before::Commit).await;
        if lock(&self.spoiled).as_ref().is_some_and(|spoiled| spoiled(commit)) {
            return Fault::Refused;
        }
        lock(&self.faults).pop_front().unwrap_or(Fault::None)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count_down(left: &AtomicUsize) -> Result<(), StorageError> {
    match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Err(StorageError::unavailable("told to be away")),
        Err(_) => Ok(()),
    }
}

/// What to say before writing, and what after.
fn meddle(fault: Fault) -> (Option<CommitError>, Option<StorageError>) {
    match fault {
        Fault::None => (None, None),
        Fault::Conflict => (Some(CommitError::Conflict), None),
        Fault::Unavailable => (Some(StorageError::unavailable("told to be away").into()), None),
        Fault::Refused => (Some(StorageError::other("told to refuse").into()), None),
        Fault::LostReply => (None, Some(StorageError::outcome_unknown("told to lose the reply"))),
        Fault::LostCommit | Fault::LateCommit => {
            (Some(StorageError::outcome_unknown("told to lose the commit").into()), None)
        }
    }
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
        self.inner.load(organization, reads, now).await
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let fault = self.script.fault(commit).await;
        if fault == Fault::LateCommit {
            *lock(&self.script.late) = Some(commit.clone());
        }
        let (before, after) = meddle(fault);
        if let Some(error) = before {
            return Err(error);
        }
        self.inner.commit(commit).await?;
        after.map_or(Ok(()), |error| Err(error.into()))
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        self.script.locks.fetch_add(1, Ordering::SeqCst);
        let late = lock(&self.script.late).take();
        if let Some(late) = late {
            self.inner.commit(&late).await.map_err(StorageError::other)?;
        }
        let inner = self.inner.exclusive(organization).await?;
        let (script, organization) = (Arc::clone(&self.script), organization.clone());
        Ok(Box::new(Unit { inner, script, organization, after: None }))
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        self.script.lookups.fetch_add(1, Ordering::SeqCst);
        count_down(&self.script.lookups_fail)?;
        self.inner.find_commit(organization, commit).await
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        self.inner.forget_commands(now, limit).await
    }
}

struct Unit {
    inner: Box<dyn Exclusive>,
    script: Arc<Script>,
    organization: OrganizationId,
    after: Option<StorageError>,
}

#[async_trait]
impl Exclusive for Unit {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        self.script.load(&self.organization).await?;
        self.inner.load(reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let (before, after) = meddle(self.script.fault(commit).await);
        self.after = after;
        match before {
            Some(error) => Err(error),
            None => self.inner.write(commit).await,
        }
    }

    async fn commit(self: Box<Self>) -> Result<(), StorageError> {
        let Self { inner, after, .. } = *self;
        inner.commit().await?;
        after.map_or(Ok(()), Err)
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
        self.inner.roster(organization, now, seek).await
    }

    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        self.inner.invitations(organization, filter, now, seek).await
    }

    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        self.inner.members(organization, filter, seek).await
    }

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        self.inner.inbox(invitees, now, seek).await
    }

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        self.inner.memberships(user, seek).await
    }

    async fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        self.inner.events(organization, after, limit).await
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
        self.inner.lease(now, until, limit).await
    }

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        self.inner.complete(lease, completion).await
    }

    async fn fail(&self, lease: &Lease, failure: &Failure) -> Result<bool, StorageError> {
        self.inner.fail(lease, failure).await
    }

    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError> {
        self.inner.due().await
    }
}
