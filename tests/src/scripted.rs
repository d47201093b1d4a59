//! A store that counts, waits and fails on cue.

mod mailer;
mod store;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use invite::core::Commit;
use invite::storage::CommitError;
use invite::{OrganizationId, StorageError};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

pub use mailer::{MailFault, ScriptedMailer};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a test names the fault that it asks for")]
pub enum Fault {
    /// It is made, as if nobody meddled.
    None,
    /// Of a commit: somebody else wrote first.
    Conflict,
    /// The store cannot be reached; nothing is done.
    Unavailable,
    /// The store refuses for a reason without a name; nothing is done.
    Refused,
    /// It is made, and the reply is lost.
    LostReply,
    /// Of a call that writes: it is lost on the way, and nobody knows.
    LostCommit,
    /// Of a commit: it is on its way for so long that its reply is given up; it arrives when the organization is
    /// locked next.
    LateCommit,
    /// Something else happens first: see [`Scripted::meanwhile`].
    Delayed,
    /// It is made twice, and the first reply is told.
    Twice,
}

/// A call of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is named after the method that it is a call of")]
#[allow(clippy::exhaustive_enums, reason = "a test goes through all of them")]
pub enum Call {
    Load,
    Commit,
    Exclusive,
    UnitLoad,
    UnitWrite,
    UnitCommit,
    FindCommit,
    ForgetCommands,
    Roster,
    Invitations,
    Members,
    Groups,
    Links,
    Requests,
    Inbox,
    Waiting,
    Memberships,
    RequestsBy,
    FormerMemberships,
    Circles,
    Suppressions,
    BlockEverywhere,
    Events,
    Lease,
    Complete,
    Fail,
    Due,
}

impl Call {
    /// Every call there is.
    pub const ALL: [Self; 27] = [
        Self::Load,
        Self::Commit,
        Self::Exclusive,
        Self::UnitLoad,
        Self::UnitWrite,
        Self::UnitCommit,
        Self::FindCommit,
        Self::ForgetCommands,
        Self::Roster,
        Self::Invitations,
        Self::Members,
        Self::Groups,
        Self::Links,
        Self::Requests,
        Self::Inbox,
        Self::Waiting,
        Self::Memberships,
        Self::RequestsBy,
        Self::FormerMemberships,
        Self::Circles,
        Self::Suppressions,
        Self::BlockEverywhere,
        Self::Events,
        Self::Lease,
        Self::Complete,
        Self::Fail,
        Self::Due,
    ];

    /// All that can go wrong with it.
    pub fn faults(self) -> Vec<Fault> {
        let mut faults = vec![Fault::Unavailable, Fault::LostReply, Fault::Delayed];
        if self.is_final() {
            faults.push(Fault::LostCommit);
        }
        if !matches!(self, Self::UnitWrite | Self::UnitCommit) {
            faults.push(Fault::Twice);
        }
        if self == Self::Commit {
            faults.extend([Fault::Conflict, Fault::Refused, Fault::LateCommit]);
        }
        faults
    }

    /// Whether something may be stored once it was made, so that a lost reply leaves it open what is.
    fn is_final(self) -> bool {
        use Call::{BlockEverywhere, Commit, Complete, Fail, ForgetCommands, Lease, UnitCommit};
        matches!(self, BlockEverywhere | Commit | UnitCommit | ForgetCommands | Lease | Complete | Fail)
    }

    /// Whether the organization is locked when it is made.
    fn is_locked(self) -> bool {
        matches!(self, Self::UnitLoad | Self::UnitWrite | Self::UnitCommit)
    }
}

impl Fault {
    /// What is said instead of making a call.
    fn error_instead(self) -> Option<StorageError> {
        match self {
            Self::Unavailable => Some(StorageError::unavailable("told to be away")),
            Self::Conflict | Self::Refused => Some(StorageError::other("told to refuse")),
            Self::LostCommit | Self::LateCommit => {
                Some(StorageError::outcome_unknown("told to lose the commit"))
            }
            Self::None | Self::LostReply | Self::Delayed | Self::Twice => None,
        }
    }

    /// What is said instead of making a commit.
    fn instead_of_commit(self) -> Option<CommitError> {
        match self {
            Self::Conflict => Some(CommitError::Conflict),
            fault => fault.error_instead().map(CommitError::from),
        }
    }

    /// What is said after a call was made.
    fn error_after(self, call: Call) -> Option<StorageError> {
        match self {
            Self::LostReply if call.is_final() => {
                Some(StorageError::outcome_unknown("told to lose the reply"))
            }
            Self::LostReply => Some(StorageError::unavailable("told to lose the reply")),
            _ => None,
        }
    }
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
type Meanwhile = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

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
    written: Mutex<Vec<Commit>>,
    calls: Mutex<Vec<Call>>,
    faults_at: Mutex<Vec<(usize, Fault)>>,
    meanwhile: Mutex<Option<Meanwhile>>,
    begun: Mutex<Vec<JoinHandle<()>>>,
    happened: AtomicUsize,
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

    /// The call of this number comes to this, counted from 0 since the last [`reset`](Self::reset).
    pub fn fault_at(&self, call: usize, fault: Fault) {
        lock(&self.script.faults_at).push((call, fault));
    }

    /// What happens before a call that is [`Delayed`](Fault::Delayed). If the organization is locked by then, it
    /// begins, and goes on when the lock is let go.
    pub fn meanwhile<F>(&self, happens: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        *lock(&self.script.meanwhile) = Some(Box::new(move || Box::pin(happens())));
    }

    /// Waits for what began during a call, and says how often something happened meanwhile.
    pub async fn settled(&self) -> usize {
        let begun = std::mem::take(&mut *lock(&self.script.begun));
        for task in begun {
            task.await.unwrap();
        }
        self.script.happened.swap(0, Ordering::SeqCst)
    }

    /// Every call since the last [`reset`](Self::reset).
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.script.calls).clone()
    }

    /// Every commit that was written without a lock since the last [`reset`](Self::reset).
    pub fn written(&self) -> Vec<Commit> {
        lock(&self.script.written).clone()
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
        lock(&self.script.calls).clear();
        lock(&self.script.written).clear();
        lock(&self.script.faults_at).clear();
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

impl Script {
    fn count_lock(&self) {
        self.locks.fetch_add(1, Ordering::SeqCst);
    }

    fn lookup(&self) -> Result<(), StorageError> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        count_down(&self.lookups_fail)
    }

    /// Notes a call, and says what becomes of it.
    async fn meet(&self, call: Call) -> Result<Fault, StorageError> {
        let number = {
            let mut calls = lock(&self.calls);
            calls.push(call);
            calls.len() - 1
        };
        let fault = lock(&self.faults_at).iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault);
        let fault = fault.unwrap_or(Fault::None);
        if fault == Fault::Delayed {
            self.let_others(call).await;
        }
        // What a commit meets instead is its own to say.
        match fault.error_instead() {
            Some(error) if call != Call::Commit => Err(error),
            _ => Ok(fault),
        }
    }

    async fn let_others(&self, call: Call) {
        let others = lock(&self.meanwhile).as_ref().map(|happens| happens());
        let Some(others) = others else { return };
        self.happened.fetch_add(1, Ordering::SeqCst);
        let others = tokio::spawn(others);
        if call.is_locked() {
            lock(&self.begun).push(others);
        } else {
            others.await.unwrap();
        }
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
