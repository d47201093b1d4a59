//! A command: an operation on an organization, by somebody, to be awaited.

use std::fmt;
use std::future::{Future, IntoFuture, ready};
use std::pin::Pin;
use std::sync::Arc;

use invite_core::{Actor, DryRun, Operation, OrganizationId, Refusal, Stop};
use invite_storage::{AsyncHostTransaction, HostTransaction};
use tracing::Instrument as _;

use crate::error::{Error, InvalidInput};
use crate::job::{Keyed, Task, perform};
use crate::queue::Queues;
use crate::transaction::{perform_in, perform_in_async};

/// An operation on an organization, by somebody. Awaiting it performs it; nothing happens before.
///
/// If its caller is dropped before it is decided, it is not performed. One that was decided together with others
/// is performed all the same, and nobody learns of the outcome; one that found its organization idle runs in its
/// caller, and whether it was performed depends on how far the store had come. An idempotency key makes it safe to
/// ask again.
///
/// Instead of being awaited, it can be performed in a transaction of the host: [`in_transaction`](Self::in_transaction)
/// where the calls of the driver block, [`in_async_transaction`](Self::in_async_transaction) where they are awaited.
#[must_use = "a command does nothing until it is awaited"]
pub struct Command<O: Operation> {
    queues: Arc<Queues>,
    organization: Result<OrganizationId, InvalidInput>,
    actor: Result<Actor, InvalidInput>,
    operation: Result<O, InvalidInput>,
    key: Option<String>,
}

impl<O: Operation> Command<O> {
    pub(crate) fn new(
        queues: &Arc<Queues>,
        organization: Result<OrganizationId, InvalidInput>,
        actor: Result<Actor, InvalidInput>,
        operation: Result<O, InvalidInput>,
    ) -> Self {
        Self { queues: Arc::clone(queues), organization, actor, operation, key: None }
    }

    /// Changes the operation: `acme.invite(..).with(|invite| invite.message("Welcome"))`.
    pub fn with(mut self, change: impl FnOnce(O) -> O) -> Self {
        self.operation = self.operation.map(change);
        self
    }

    /// Gives it an idempotency key: a repeat with the same key within 24 hours gets the first outcome and
    /// changes nothing (LIF-12). Keys are the actor's own, for each operation.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// What it would come to: nothing changes (F5).
    ///
    /// # Errors
    /// [`Error`]; a refusal is no error here.
    pub async fn dry_run(self) -> Result<DryRun<O>, Error<O::Refusal>> {
        let (organization, actor, operation) = (self.organization?, self.actor?, self.operation?);
        let engine = &self.queues.engine;
        let entropy = engine.draw(operation.makes())?;
        let mut reads = operation.reads(&actor);
        loop {
            let (slice, now) = engine.load(&organization, &reads).await?;
            match invite_core::dry_run(&operation, &engine.host(), &actor, &entropy, &slice, now) {
                Ok(dry_run) => return Ok(dry_run),
                Err(Stop::Refused(reason)) => return Err(Error::Refused(reason)),
                Err(Stop::UnknownOrganization) => return Err(Error::UnknownOrganization),
                Err(Stop::Fault(fault)) => return Err(Error::Fault(fault)),
                // What is due cannot be written down here, so more of it is looked at.
                Err(Stop::MoreDue) => reads.due = reads.due.saturating_mul(8),
            }
        }
    }

    /// Performs it within a transaction of the host on the same database: what the host writes there and what the
    /// command writes become true together when the host commits, or not at all (F4).
    ///
    /// It loads, decides and writes in that transaction, and that is all that happens: it waits in no queue, is never
    /// tried again, and nobody learns of it before the host commits; its mails are due from then on. Several commands,
    /// also of several organizations, may follow one another in one transaction, and each sees those before it.
    ///
    /// After an error the transaction is still the host's, to be dropped or not. A refused command left nothing in
    /// it but what it wrote down as expired. If the host's commit fails or its reply is lost, the command shares its fate; an idempotency key
    /// makes it safe to do all of it again.
    ///
    /// The calls block, so in an asynchronous host this belongs on a thread that may wait. For a driver whose calls are
    /// awaited there is [`in_async_transaction`](Self::in_async_transaction).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Conflict`] if the transaction had read before it took its lock, and is past.
    pub fn in_transaction(
        self,
        mut transaction: impl HostTransaction,
    ) -> Result<O::Outcome, Error<O::Refusal>> {
        let (queues, ready) = self.ready()?;
        span::<O>(&ready.organization)
            .in_scope(|| told(perform_in(&queues.engine, &mut transaction, ready), WRITTEN))
    }

    /// Performs it within a transaction of the host on the same database, as [`in_transaction`](Self::in_transaction)
    /// does, over a driver whose calls are awaited, such as those of Postgres (F4).
    ///
    /// It loads, decides and writes in that transaction, and that is all that happens: it waits in no queue, is never
    /// tried again, and nobody learns of it before the host commits; its mails are due from then on. Several commands,
    /// also of several organizations, may follow one another in one transaction, and each sees those before it.
    ///
    /// After an error the transaction is still the host's, to be dropped or not. A refused command left nothing in
    /// it but what it wrote down as expired. If the host's commit fails or its reply is lost, the command shares its
    /// fate; an idempotency key makes it safe to do all of it again. If its caller is dropped meanwhile, the
    /// transaction may hold what was written and may not: roll it back.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Conflict`] if the transaction had read before it took its lock, and is past.
    pub async fn in_async_transaction(
        self,
        mut transaction: impl AsyncHostTransaction,
    ) -> Result<O::Outcome, Error<O::Refusal>> {
        let (queues, ready) = self.ready()?;
        let span = span::<O>(&ready.organization);
        let performed = perform_in_async(&queues.engine, &mut transaction, ready);
        async move { told(performed.await, WRITTEN) }.instrument(span).await
    }

    fn ready(self) -> Result<(Arc<Queues>, Ready<O>), InvalidInput> {
        let (organization, actor, operation) = (self.organization?, self.actor?, self.operation?);
        let keyed = match self.key {
            Some(key) if is_key(&key) => Some(Keyed::new(&operation, &actor, key)),
            Some(_) => return Err(InvalidInput::Key),
            None => None,
        };
        Ok((self.queues, Ready { organization, operation, actor, keyed }))
    }
}

/// A command whose input is what it should be.
pub(crate) struct Ready<O> {
    pub(crate) organization: OrganizationId,
    pub(crate) operation: O,
    pub(crate) actor: Actor,
    pub(crate) keyed: Option<Keyed>,
}

/// What the log says of a command in a transaction of the host.
const WRITTEN: &str = "written, for the host to commit";

fn span<O: Operation>(organization: &OrganizationId) -> tracing::Span {
    tracing::info_span!("invite", operation = O::NAME, %organization)
}

/// Writes what came of it into the log.
fn told<T, R: Refusal>(outcome: Result<T, Error<R>>, done: &str) -> Result<T, Error<R>> {
    match &outcome {
        Ok(_) => tracing::info!("{done}"),
        Err(error @ Error::Refused(_)) => tracing::info!(code = error.code(), "refused"),
        Err(error @ Error::Storage(why)) => {
            let cause = std::error::Error::source(why.as_ref()).map(tracing::field::display);
            tracing::warn!(code = error.code(), error = %error, cause, "failed");
        }
        Err(error) => tracing::warn!(code = error.code(), error = %error, "failed"),
    }
    outcome
}

fn is_key(key: &str) -> bool {
    (1..=255).contains(&key.len()) && !key.chars().any(char::is_control)
}

impl<O: Operation> IntoFuture for Command<O> {
    type Output = Result<O::Outcome, Error<O::Refusal>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let (queues, Ready { organization, operation, actor, keyed }) = match self.ready() {
            Ok(ready) => ready,
            Err(invalid) => return Box::pin(ready(Err(invalid.into()))),
        };
        let span = span::<O>(&organization);
        // The operation has a place of its own, so that the future is small.
        let (task, reply) = Task::new(operation, actor, keyed);
        let told = async move { told(perform(&queues, organization, task, reply).await, "done") };
        Box::pin(told.instrument(span))
    }
}

impl<O: Operation> fmt::Debug for Command<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("operation", &O::NAME)
            .field("organization", &self.organization)
            .field("actor", &self.actor)
            .finish_non_exhaustive()
    }
}
