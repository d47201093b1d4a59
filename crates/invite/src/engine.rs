//! Load, decide, commit: the way of every command.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use invite_core::{
    AccessModel, Commit, CommitId, Draft, Entropy, Host, OrganizationId, Reads, Slice, TimeOutOfRange,
    bounded,
};
use invite_storage::{CommitError, Exclusive, Storage, StorageError};

use crate::clock::Clock;
use crate::entropy::NoEntropy;
use crate::job::{Decision, Failure, Job};

/// How often a batch locks the organization and still meets a conflict before it gives up. A store that keeps
/// the contract never conflicts under a lock; databases may all the same ask for a serializable try again.
const LOCKED_TRIES: usize = 16;

/// How often a lost reply is looked up before it is told as unknown.
const LOOKUPS: usize = 3;

/// The random bytes in the id of a commit.
const COMMIT_ID: usize = 10;

pub(crate) struct Engine {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) model: AccessModel,
    pub(crate) keyring: invite_core::Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn crate::entropy::Entropy>,
    pub(crate) free_mail: Arc<dyn invite_core::FreeMail>,
}

/// How a batch reads and writes: at a version, or under a lock.
enum Unit<'a> {
    Versioned(&'a dyn Storage),
    Locked(Box<dyn Exclusive>),
}

/// What became of a try to write.
enum Written {
    Yes,
    Conflict,
    /// The reply was lost, and the commit is not there yet.
    Lost(Lost),
    /// An earlier commit whose reply was lost has arrived after all.
    Arrived,
    /// An earlier commit whose reply was lost can never arrive: another one took its version.
    Gone,
    No(StorageError),
}

/// A commit whose reply was lost. It can still arrive as long as the organization is at its version.
struct Lost {
    commit: CommitId,
    version: u64,
    error: StorageError,
}

impl Engine {
    pub(crate) fn host(&self) -> Host<'_> {
        Host { model: &self.model, keyring: &self.keyring, free_mail: self.free_mail.as_ref() }
    }

    /// The time now, as it is kept.
    pub(crate) fn now(&self) -> Result<DateTime<Utc>, TimeOutOfRange> {
        bounded(self.clock.now())
    }

    /// Entropy for so many ids and nonces.
    pub(crate) fn draw(&self, things: usize) -> Result<Entropy, NoEntropy> {
        Ok(Entropy::from_bytes(self.random_bytes(things * Entropy::BYTES_EACH)?))
    }

    fn random_bytes(&self, count: usize) -> Result<Vec<u8>, NoEntropy> {
        let mut bytes = vec![0; count];
        if count > 0 {
            self.entropy.fill(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Decides commands of one organization together, and commits them together.
    ///
    /// If storage refuses them for a reason that it does not name, one of them may be to blame: each is then
    /// tried alone, so that none takes another along.
    pub(crate) async fn run(&self, organization: &OrganizationId, jobs: Vec<Box<dyn Job>>) {
        let mut left = self.run_together(organization, jobs).await;
        while let Some(job) = left.pop() {
            let failed = self.run_together(organization, vec![job]).await;
            debug_assert!(failed.is_empty(), "a command alone is always finished");
        }
    }

    /// Gives back, in reverse order, the commands that are to be tried one by one.
    async fn run_together(
        &self,
        organization: &OrganizationId,
        mut jobs: Vec<Box<dyn Job>>,
    ) -> Vec<Box<dyn Job>> {
        let mut locked_tries = 0;
        let mut locked = false;
        let mut lost = None::<Lost>;
        loop {
            // For those who stopped waiting before the decision nothing has to be read.
            jobs.retain(|job| !job.is_abandoned());
            if jobs.is_empty() {
                return jobs;
            }
            let tried = self.try_once(organization, &mut jobs, locked, lost.as_ref()).await;
            match tried {
                Ok(done @ (Written::Yes | Written::Arrived)) => {
                    if matches!(done, Written::Arrived) {
                        jobs.iter_mut().for_each(|job| job.recover());
                    }
                    lost = None;
                    jobs = finish(jobs);
                    if jobs.is_empty() {
                        return jobs;
                    }
                }
                Ok(Written::Gone) => lost = None,
                Ok(Written::Lost(now)) if lost.is_none() && locked_tries < LOCKED_TRIES => {
                    jobs.iter_mut().for_each(|job| job.keep());
                    lost = Some(now);
                    locked = true;
                    locked_tries += 1;
                }
                Ok(Written::Lost(now)) => return fail(jobs, &now.error.into()),
                Ok(Written::Conflict) if locked_tries < LOCKED_TRIES => {
                    tracing::debug!(%organization, commands = jobs.len(), "conflict; deciding again under a lock");
                    locked = true;
                    locked_tries += 1;
                }
                Ok(Written::Conflict) => return fail(jobs, &in_view_of(lost, Failure::Busy)),
                Ok(Written::No(error)) => {
                    let of_all = error.is_unavailable() || error.is_outcome_unknown() || lost.is_some();
                    if !of_all && jobs.len() > 1 {
                        jobs.reverse();
                        return jobs;
                    }
                    return fail(jobs, &in_view_of(lost, error.into()));
                }
                Err(failure) => return fail(jobs, &in_view_of(lost, failure)),
            }
        }
    }

    async fn try_once(
        &self,
        organization: &OrganizationId,
        jobs: &mut Vec<Box<dyn Job>>,
        locked: bool,
        lost: Option<&Lost>,
    ) -> Result<Written, Failure> {
        let now = self.now().map_err(Failure::Time)?;
        let (unit, slice) = match self.open(organization, jobs, now, locked).await {
            Ok(open) => open,
            Err(error) => return Ok(Written::No(error)),
        };
        if let Some(lost) = lost
            && slice.version() != lost.version
        {
            drop(unit);
            return Ok(match self.find(organization, lost.commit).await {
                Some(true) => Written::Arrived,
                Some(false) => Written::Gone,
                None => Written::No(StorageError::outcome_unknown("a lost commit could not be looked up")),
            });
        }
        // Whoever stopped waiting before the decision is not decided.
        jobs.retain(|job| !job.is_abandoned());
        let jobs = jobs.iter_mut().map(AsMut::as_mut).collect();
        let Some(commit) = self.decided(jobs, slice, now).map_err(Failure::Entropy)? else {
            return Ok(Written::Yes);
        };
        match unit.write(&commit).await {
            Ok(()) => Ok(Written::Yes),
            Err(CommitError::Conflict) => Ok(Written::Conflict),
            Err(CommitError::Storage(error)) if error.is_outcome_unknown() && !commit.events.is_empty() => {
                tracing::warn!(%organization, commit = %commit.id, "the reply to a commit was lost; asking for it");
                Ok(match self.find(organization, commit.id).await {
                    Some(true) => Written::Yes,
                    Some(false) => Written::Lost(Lost { commit: commit.id, version: commit.version, error }),
                    None => Written::No(error),
                })
            }
            // Nothing but outcomes under keys: to write them once more does no harm.
            Err(CommitError::Storage(error)) if error.is_outcome_unknown() => Ok(Written::Conflict),
            Err(CommitError::Storage(error)) => Ok(Written::No(error)),
        }
    }

    /// What there is to be written once these are decided, if anything: in a place of its own, so that futures are small.
    pub(crate) fn decided(
        &self,
        jobs: Vec<&mut (dyn Job + 'static)>,
        slice: Box<Slice>,
        now: DateTime<Utc>,
    ) -> Result<Option<Box<Commit>>, NoEntropy> {
        let draft = self.decide(jobs, slice, now)?;
        Ok((!draft.is_empty()).then(|| Box::new(draft.into_commit())))
    }

    /// Decides one after the other. Random bytes are drawn at once for all, the id of the commit included: each
    /// drawing is a call of the system.
    fn decide(
        &self,
        jobs: Vec<&mut (dyn Job + 'static)>,
        slice: Box<Slice>,
        now: DateTime<Utc>,
    ) -> Result<Draft, NoEntropy> {
        let makes = jobs.iter().map(|job| job.makes() * Entropy::BYTES_EACH).collect::<Vec<_>>();
        let mut bytes = self.random_bytes(COMMIT_ID + makes.iter().sum::<usize>())?;
        let mut take = |count| bytes.split_off(bytes.len().saturating_sub(count));
        let id = CommitId::from_parts(now, take(COMMIT_ID).try_into().unwrap_or_default());
        let mut draft = Draft::new(slice, now, id);
        for (job, count) in jobs.into_iter().zip(makes) {
            job.decide(self.host(), Entropy::from_bytes(take(count)), &mut draft);
        }
        Ok(draft)
    }

    async fn open(
        &self,
        organization: &OrganizationId,
        jobs: &mut [Box<dyn Job>],
        now: DateTime<Utc>,
        locked: bool,
    ) -> Result<(Unit<'_>, Box<Slice>), StorageError> {
        let mut unit = if locked {
            Unit::Locked(self.storage.exclusive(organization).await?)
        } else {
            Unit::Versioned(self.storage.as_ref())
        };
        let mut reads = Box::new(Reads::new());
        for job in jobs {
            reads.extend(job.reads());
        }
        let slice = unit.load(organization, &reads, now).await?;
        Ok((unit, Box::new(slice)))
    }

    /// Whether a commit is there whose reply was lost (STO-4); `None` if the store does not say.
    ///
    /// One that is not there may still arrive. Its commands are decided again on the same version, so one of the
    /// two commits conflicts; and before anything is decided on a later version, the lost one is asked for again.
    async fn find(&self, organization: &OrganizationId, commit: CommitId) -> Option<bool> {
        for _ in 0..LOOKUPS {
            match self.storage.find_commit(organization, commit).await {
                Ok(found) => return Some(found),
                Err(why) => {
                    tracing::warn!(%organization, error = %why, "a lost commit could not be looked up");
                }
            }
        }
        None
    }

    /// Loads for a look that changes nothing.
    pub(crate) async fn look(&self, organization: &OrganizationId, reads: &Reads) -> Result<Draft, Failure> {
        let (slice, now) = self.load(organization, reads).await?;
        Ok(Draft::new(slice, now, CommitId::from_parts(now, [0; 10])))
    }

    /// Loads without deciding.
    pub(crate) async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
    ) -> Result<(Slice, DateTime<Utc>), Failure> {
        let now = self.now().map_err(Failure::Time)?;
        Ok((self.storage.load(organization, reads, now).await?, now))
    }
}

impl Unit<'_> {
    async fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        match self {
            Self::Versioned(storage) => storage.load(organization, reads, now).await,
            Self::Locked(unit) => unit.load(reads, now).await,
        }
    }

    async fn write(self, commit: &Commit) -> Result<(), CommitError> {
        match self {
            Self::Versioned(storage) => storage.commit(commit).await,
            Self::Locked(mut unit) => {
                unit.write(commit).await?;
                Ok(unit.commit().await?)
            }
        }
    }
}

/// Tells every decided command its outcome, and gives back those that are to be decided again.
fn finish(jobs: Vec<Box<dyn Job>>) -> Vec<Box<dyn Job>> {
    let mut again = Vec::new();
    for job in jobs {
        match job.decision() {
            Decision::Again => again.push(job),
            Decision::Made => job.finish(),
        }
    }
    again
}

/// What to tell of a failure. After a lost commit nobody knows whether that one was written, whatever failed since:
/// to say that nothing was changed would be wrong (STO-4).
fn in_view_of(lost: Option<Lost>, failure: Failure) -> Failure {
    match lost {
        Some(lost) => {
            tracing::warn!(commit = %lost.commit, ?failure, "what became of a lost commit could not be settled");
            lost.error.into()
        }
        None => failure,
    }
}

fn fail(jobs: Vec<Box<dyn Job>>, failure: &Failure) -> Vec<Box<dyn Job>> {
    for job in jobs {
        job.fail(failure.clone());
    }
    Vec::new()
}
