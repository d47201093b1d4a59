//! A command in a transaction of the host.

use invite_core::Operation;
use invite_storage::{AsyncHostTransaction, HostTransaction};

use crate::command::Ready;
use crate::engine::Engine;
use crate::job::{Job as _, Outcome, Task};

/// Loads, decides and writes in the host's transaction, once.
///
/// More than once only if there may be room after more of what is past its expiry is written down: that is decided on
/// what the transaction holds by then, and each time something is ended.
pub(crate) fn perform_in<O: Operation>(
    engine: &Engine,
    transaction: &mut dyn HostTransaction,
    command: Ready<O>,
) -> Outcome<O> {
    let Ready { organization, operation, actor, keyed } = command;
    let (mut task, _nobody_waits) = Task::new(operation, actor, keyed);
    loop {
        let now = engine.now()?;
        let slice = transaction.load(&organization, &task.reads(), now)?;
        if let Some(commit) = engine.decided(vec![task.as_mut()], Box::new(slice), now)? {
            transaction.write(&commit)?;
        }
        if let Some(outcome) = task.take_decided() {
            return outcome;
        }
    }
}

/// [`perform_in`] line by line, for a driver whose calls are awaited.
pub(crate) async fn perform_in_async<O: Operation>(
    engine: &Engine,
    transaction: &mut dyn AsyncHostTransaction,
    command: Ready<O>,
) -> Outcome<O> {
    let Ready { organization, operation, actor, keyed } = command;
    let (mut task, _nobody_waits) = Task::new(operation, actor, keyed);
    loop {
        let now = engine.now()?;
        let slice = transaction.load(&organization, &task.reads(), now).await?;
        if let Some(commit) = engine.decided(vec![task.as_mut()], Box::new(slice), now)? {
            transaction.write(&commit).await?;
        }
        if let Some(outcome) = task.take_decided() {
            return outcome;
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use chrono::{DateTime, Utc};
    use invite_core::{
        AccessModel, Commit, CreateOrganization, CreateOrganizationRefused, OrganizationId, Plan, Reads,
        Settings, Slice, UserId,
    };
    use invite_memory::MemoryStorage;
    use invite_storage::{CommitError, StorageError};

    use super::*;
    use crate::{Command, Entropy, Error, Invitations, Keyring, NoEntropy};

    /// A transaction on an empty database, which fails as told.
    #[derive(Default)]
    struct Transaction {
        load_fails: Option<CommitError>,
        write_fails: Option<CommitError>,
        loads: usize,
        written: Vec<Commit>,
    }

    impl HostTransaction for Transaction {
        fn load(
            &mut self,
            organization: &OrganizationId,
            _: &Reads,
            _: DateTime<Utc>,
        ) -> Result<Slice, CommitError> {
            self.loads += 1;
            self.load_fails.take().map_or_else(|| Ok(Slice::new(organization.clone(), None)), Err)
        }

        fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
            self.written.push(commit.clone());
            self.write_fails.take().map_or(Ok(()), Err)
        }
    }

    /// The same, awaited.
    struct Awaited<'a>(&'a mut Transaction);

    #[async_trait]
    impl AsyncHostTransaction for Awaited<'_> {
        async fn load(
            &mut self,
            organization: &OrganizationId,
            reads: &Reads,
            now: DateTime<Utc>,
        ) -> Result<Slice, CommitError> {
            tokio::task::yield_now().await;
            self.0.load(organization, reads, now)
        }

        async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
            tokio::task::yield_now().await;
            self.0.write(commit)
        }
    }

    struct Dry;

    impl Entropy for Dry {
        fn fill(&self, _: &mut [u8]) -> Result<(), NoEntropy> {
            Err(NoEntropy)
        }
    }

    /// Creates an organization, in one of the two ways.
    type Create =
        fn(&mut Transaction, Command<CreateOrganization>) -> Result<(), Error<CreateOrganizationRefused>>;

    const WAYS: [Create; 2] = [
        |transaction, command| command.in_transaction(transaction).map(|_| ()),
        |transaction, command| {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(command.in_async_transaction(Awaited(transaction))).map(|_| ())
        },
    ];

    fn create(
        way: Create,
        entropy: impl Entropy,
        transaction: &mut Transaction,
    ) -> Result<(), Error<CreateOrganizationRefused>> {
        let service = Invitations::builder(MemoryStorage::new(), AccessModel::preset(), Keyring::ephemeral())
            .base_url("https://app.example/join")
            .entropy(entropy)
            .build()
            .unwrap();
        let create = service.organization("acme").create(
            Settings::named("Acme"),
            UserId::parse("ada").unwrap(),
            Plan::seats("team", 5),
        );
        way(transaction, create)
    }

    #[test]
    fn it_is_loaded_once_and_written_once() {
        for way in WAYS {
            let mut transaction = Transaction::default();
            create(way, crate::SystemEntropy, &mut transaction).unwrap();
            let [commit] = &transaction.written[..] else { panic!("{:?}", transaction.written) };
            assert_eq!((transaction.loads, commit.version, commit.events.len()), (1, 0, 2));
        }
    }

    /// The transaction is the host's, and so is the decision to begin again.
    #[test]
    fn a_conflict_is_told_and_not_tried_again() {
        for way in WAYS {
            let conflict = || Some(CommitError::Conflict);
            let outrun = Transaction { load_fails: conflict(), ..Transaction::default() };
            let unlocked = Transaction { write_fails: conflict(), ..Transaction::default() };
            for (mut transaction, writes) in [(outrun, 0), (unlocked, 1)] {
                let error = create(way, crate::SystemEntropy, &mut transaction).unwrap_err();
                assert_eq!((error.code(), error.rule()), ("conflict", None));
                assert!(error.remedy().contains("roll the transaction back"), "{}", error.remedy());
                assert_eq!((transaction.loads, transaction.written.len()), (1, writes));
            }
        }
    }

    /// STO-3
    #[test]
    fn a_store_that_fails_is_told_as_it_is() {
        for way in WAYS {
            let fails = || Some(CommitError::Storage(StorageError::unavailable("gone")));
            let at_load = Transaction { load_fails: fails(), ..Transaction::default() };
            let at_write = Transaction { write_fails: fails(), ..Transaction::default() };
            for mut transaction in [at_load, at_write] {
                let error = create(way, crate::SystemEntropy, &mut transaction).unwrap_err();
                assert_eq!(error.code(), "storage-unavailable");
                assert_eq!(transaction.loads, 1);
            }
        }
    }

    #[test]
    fn without_random_numbers_nothing_is_written() {
        for way in WAYS {
            let mut transaction = Transaction::default();
            assert_eq!(create(way, Dry, &mut transaction).unwrap_err().code(), "no-entropy");
            assert!(transaction.written.is_empty());
        }
    }
}
