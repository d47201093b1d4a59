//! A command on its way: an operation with who performs it, and whoever waits for the outcome.

use std::sync::Arc;

use invite_core::{
    Actor, CommandKey, CommandRecord, Draft, Entropy, Host, Operation, OrganizationId, Reads, Stop,
    TimeOutOfRange, decide,
};
use invite_storage::StorageError;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::entropy::NoEntropy;
use crate::error::Error;

/// The outcome that a key stands for is not one of its operation.
#[derive(Debug, thiserror::Error)]
#[error("the outcome kept under an idempotency key cannot be read")]
struct UnreadableOutcome(#[source] serde_json::Error);

/// What happened to a whole batch.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    Storage(Arc<StorageError>),
    Entropy(NoEntropy),
    Time(TimeOutOfRange),
    Busy,
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(Arc::new(error))
    }
}

impl<R> From<Failure> for Error<R> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Storage(why) => Self::Storage(why),
            Failure::Entropy(why) => Self::Entropy(why),
            Failure::Time(why) => Self::Time(why),
            Failure::Busy => Self::Busy,
        }
    }
}

/// Whether a command was decided, or is to be decided again on what is committed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Made,
    Again,
}

/// A command of any operation.
pub(crate) trait Job: Send {
    fn reads(&self) -> Reads;
    fn makes(&self) -> usize;
    fn rows(&self) -> usize;
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    fn decide(&mut self, host: Host<'_>, entropy: Entropy, draft: &mut Draft);
    fn decision(&self) -> Decision;
    /// Keeps the decision, whose commit was lost, while it is decided again.
    fn keep(&mut self);
    /// Takes the kept decision for true: its commit has arrived.
    fn recover(&mut self);
    /// Tells the decision, which was committed.
    fn finish(self: Box<Self>);
    fn fail(self: Box<Self>, failure: Failure);
}

/// An idempotency key, with the fingerprint of its command.
pub(crate) struct Keyed {
    key: CommandKey,
    fingerprint: [u8; 32],
}

impl Keyed {
    pub(crate) fn new<O: Operation>(operation: &O, actor: &Actor, key: String) -> Self {
        let mut hash = Sha256::new_with_prefix(O::NAME);
        hash.update([0]);
        hash.update(serde_json::to_vec(operation).unwrap_or_default());
        let key = CommandKey { actor: actor.clone(), operation: O::NAME.to_owned(), key };
        Self { key, fingerprint: hash.finalize().into() }
    }
}

pub(crate) type Outcome<O> = Result<<O as Operation>::Outcome, Error<<O as Operation>::Refusal>>;

pub(crate) struct Task<O: Operation> {
    operation: O,
    actor: Actor,
    keyed: Option<Keyed>,
    decided: Option<Outcome<O>>,
    kept: Option<Outcome<O>>,
    reply: oneshot::Sender<Outcome<O>>,
}

impl<O: Operation> Task<O> {
    pub(crate) fn new(
        operation: O,
        actor: Actor,
        keyed: Option<Keyed>,
    ) -> (Box<Self>, oneshot::Receiver<Outcome<O>>) {
        let (reply, receiver) = oneshot::channel();
        (Box::new(Self { operation, actor, keyed, decided: None, kept: None, reply }), receiver)
    }

    /// The decision, if one was made, for whoever does not wait for a reply.
    pub(crate) fn take_decided(&mut self) -> Option<Outcome<O>> {
        self.decided.take()
    }

    /// The outcome of an earlier command with the same key, if there is one (LIF-12).
    fn recall(&self, draft: &Draft) -> Option<Outcome<O>> {
        let keyed = self.keyed.as_ref()?;
        let record = match draft.command(&keyed.key) {
            Ok(record) => record?,
            Err(missing) => return Some(Err(Error::Fault(missing.into()))),
        };
        if record.expires_at <= draft.now() {
            return None;
        }
        if record.fingerprint != keyed.fingerprint {
            return Some(Err(Error::KeyReused));
        }
        let outcome = serde_json::from_str(&record.outcome);
        Some(outcome.map_err(|why| StorageError::corrupt(UnreadableOutcome(why)).into()))
    }

    /// Keeps the outcome under the key. What changed nothing is decided anew each time.
    fn remember(&self, outcome: &O::Outcome, draft: &mut Draft) {
        let Some(keyed) = &self.keyed else { return };
        if let Ok(outcome) = serde_json::to_string(outcome) {
            draft.remember(CommandRecord {
                key: keyed.key.clone(),
                fingerprint: keyed.fingerprint,
                outcome,
                expires_at: draft.now() + CommandRecord::KEPT,
            });
        }
    }
}

impl<O: Operation> Job for Task<O> {
    fn reads(&self) -> Reads {
        let mut reads = self.operation.reads(&self.actor);
        reads.commands.extend(self.keyed.as_ref().map(|keyed| keyed.key.clone()));
        reads
    }

    fn makes(&self) -> usize {
        self.operation.makes()
    }

    fn rows(&self) -> usize {
        self.operation.rows()
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn decide(&mut self, host: Host<'_>, entropy: Entropy, draft: &mut Draft) {
        self.decided = None;
        if let Some(earlier) = self.recall(draft) {
            self.decided = Some(earlier);
            return;
        }
        let records = draft.records().len();
        self.decided = match decide(&self.operation, &host, &self.actor, entropy, draft) {
            Ok(outcome) => {
                if draft.records().len() > records {
                    self.remember(&outcome, draft);
                }
                Some(Ok(outcome))
            }
            Err(Stop::Refused(reason)) => Some(Err(Error::Refused(reason))),
            Err(Stop::UnknownOrganization) => Some(Err(Error::UnknownOrganization)),
            Err(Stop::Fault(fault)) => Some(Err(Error::Fault(fault))),
            Err(Stop::MoreDue) => None,
        };
    }

    fn decision(&self) -> Decision {
        if self.decided.is_some() { Decision::Made } else { Decision::Again }
    }

    fn keep(&mut self) {
        self.kept = self.decided.take();
    }

    fn recover(&mut self) {
        self.decided = self.kept.take();
    }

    fn finish(self: Box<Self>) {
        if let Some(outcome) = self.decided {
            // Whoever waited may have gone; what was decided is committed all the same.
            let _unread = self.reply.send(outcome);
        }
    }

    fn fail(self: Box<Self>, failure: Failure) {
        let _unread = self.reply.send(Err(failure.into()));
    }
}

/// Performs a command in the name of whoever waits for it.
pub(crate) async fn perform<O: Operation>(
    queues: &Arc<crate::queue::Queues>,
    organization: OrganizationId,
    task: Box<Task<O>>,
    receiver: oneshot::Receiver<Outcome<O>>,
) -> Outcome<O> {
    queues.submit(organization, task).await.map_err(|_full| Error::Busy)?;
    receiver.await.unwrap_or(Err(Error::Interrupted))
}
