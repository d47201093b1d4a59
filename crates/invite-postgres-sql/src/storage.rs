//! The store over connections of any driver: load and commit, and its units of work.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Commit, CommitId, Invitee, OrganizationId, Reads, Slice};
use invite_storage::{CommitError, Exclusive, Storage, StorageError};

use crate::error::Failure;
use crate::statement::{Connect, Connection, Statement, Within, all, first};
use crate::value::Value;
use crate::{commit, load, migrate, sql};

/// Invitations in Postgres, over the connections of a driver. Clones share them.
#[derive(Debug)]
pub struct Store<C> {
    connect: Arc<C>,
    /// Whether the tables were found to be those of this release.
    is_known: Arc<AtomicBool>,
}

impl<C> Clone for Store<C> {
    fn clone(&self) -> Self {
        Self { connect: Arc::clone(&self.connect), is_known: Arc::clone(&self.is_known) }
    }
}

impl<C: Connect> Store<C> {
    /// A store whose connections come from there. Nothing is asked of the database yet.
    pub fn new(connect: C) -> Self {
        Self { connect: Arc::new(connect), is_known: Arc::default() }
    }

    /// Makes the tables, or brings them to the form that this release needs. Forward only; done again, or by
    /// several processes at once, it changes nothing more.
    ///
    /// # Errors
    /// [`StorageError`]; nothing of it is left.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        let mut connection = self.connect.connect().await?;
        Ok(migrate::migrate(&mut connection).await?)
    }

    /// A connection to tables of this release. They are looked at once, and again when a statement fails by their form.
    async fn connection(&self) -> Result<C::Connection, Failure> {
        let mut connection = self.connect.connect().await?;
        if !self.is_known.load(Ordering::Relaxed) {
            migrate::require(&mut connection).await?;
            self.is_known.store(true, Ordering::Relaxed);
        }
        Ok(connection)
    }

    pub(crate) async fn run(
        &self,
        within: Within,
        statements: &[Statement],
    ) -> Result<Vec<Vec<<C::Connection as Connection>::Row>>, Failure> {
        let mut connection = self.connection().await?;
        let answer = connection.run(within, statements).await;
        drop(connection);
        self.explained(answer).await
    }

    /// Of a statement that the server does not understand, says whether the tables are to blame.
    async fn explained<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        match answer {
            Err(failure) if failure.is_unknown_form() => {
                self.is_known.store(false, Ordering::Relaxed);
                self.connection().await?;
                Err(failure)
            }
            answer => answer,
        }
    }

    async fn count(&self, statement: Statement) -> Result<u32, StorageError> {
        let brought = self.run(Within::Whole, &[statement]).await?;
        let rows = brought.first().map_or(&[][..], Vec::as_slice);
        Ok(first(rows, |columns| columns.value())?.unwrap_or_default())
    }
}

#[async_trait]
impl<C: Connect> Storage for Store<C> {
    async fn load(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, StorageError> {
        let mut connection = self.connection().await?;
        let slice = load::slice(&mut connection, Within::Snapshot, organization, reads, now).await;
        drop(connection);
        Ok(self.explained(slice).await?)
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let statements = commit::statements(commit)?;
        self.run(Within::Whole, &statements).await?;
        Ok(())
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        let mut connection = self.connection().await?;
        let lock = Statement::new(sql::LOCK, vec![Value::text(organization.as_str())]);
        let locked = connection.run(Within::Begin, &[lock]).await;
        if let Err(failure) = locked {
            drop(connection);
            return Err(self.explained(Err(failure)).await?);
        }
        Ok(Box::new(Unit { connection: Some(connection), organization: organization.clone() }))
    }

    async fn find_commit(
        &self,
        organization: &OrganizationId,
        commit: CommitId,
    ) -> Result<bool, StorageError> {
        let brought = self.run(Within::Open, &[load::find_commit(organization, commit)]).await?;
        Ok(brought.first().is_some_and(|rows| !rows.is_empty()))
    }

    async fn forget_commands(&self, now: DateTime<Utc>, limit: u32) -> Result<u32, StorageError> {
        self.count(commit::forget_commands(now, limit)).await
    }

    async fn block_everywhere(
        &self,
        invitees: &[Invitee],
        since: Option<DateTime<Utc>>,
    ) -> Result<u32, StorageError> {
        if invitees.is_empty() {
            return Ok(0);
        }
        self.count(commit::block_everywhere(invitees, since)).await
    }

    async fn holders(
        &self,
        person: &[Invitee],
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let statements = load::holders(person, after, limit);
        let brought = self.run(Within::Open, &statements).await?;
        let found = brought.iter().map(|rows| all(rows, |columns| columns.organization_id()));
        let found = found.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<BTreeSet<_>>();
        Ok(found.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }
}

/// Holds a connection with a transaction open on it, which has locked its organization.
struct Unit<C> {
    /// `None` once something failed half-way, or a call was dropped before it ended.
    connection: Option<C>,
    organization: OrganizationId,
}

#[async_trait]
impl<C: Connection + 'static> Exclusive for Unit<C> {
    async fn load(&mut self, reads: &Reads, now: DateTime<Utc>) -> Result<Slice, StorageError> {
        let mut connection = self.connection.take().ok_or_else(over)?;
        let slice = load::slice(&mut connection, Within::Open, &self.organization, reads, now).await?;
        self.connection = Some(connection);
        Ok(slice)
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let mut connection = self.connection.take().ok_or_else(over)?;
        if commit.organization != self.organization {
            return Err(Failure::other("the unit is of another organization").into());
        }
        connection.run(Within::Open, &commit::statements(commit)?).await?;
        self.connection = Some(connection);
        Ok(())
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        let mut connection = self.connection.take().ok_or_else(over)?;
        connection.run(Within::Commit, &[]).await?;
        Ok(())
    }
}

fn over() -> Failure {
    Failure::other("the unit of work was rolled back, as something in it failed")
}
