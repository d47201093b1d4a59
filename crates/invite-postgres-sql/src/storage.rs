//! The store over connections of any driver: load and commit, and its units of work.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Commit, CommitId, Invitee, OrganizationId, Reads, Slice};
use invite_storage::{CommitError, Exclusive, Storage, StorageError};

use crate::database::{Database, RowOf};
use crate::error::Failure;
use crate::fetched::Fetched;
use crate::load::Loading;
use crate::shared::Sharing;
use crate::statement::{Connect, Connection, Statement, Within, all, first};
use crate::trip::Trip;
use crate::value::Value;
use crate::{commit, load, shared, sql};

/// Invitations in Postgres, over the connections of a driver. Clones share them.
pub struct Store<C: Connect> {
    database: Arc<Database<C>>,
    /// None where each load and each commit goes by itself.
    sharing: Option<Arc<Sharing<C>>>,
}

impl<C: Connect> Clone for Store<C> {
    fn clone(&self) -> Self {
        Self { database: Arc::clone(&self.database), sharing: self.sharing.clone() }
    }
}

impl<C: Connect> fmt::Debug for Store<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl<C: Connect> Store<C> {
    /// A store whose connections come from there. Nothing is asked of the database yet.
    pub fn new(connect: C) -> Self {
        let database = Arc::new(Database::new(connect));
        let sharing = Arc::new(Sharing::new(&database));
        Self { database, sharing: Some(sharing) }
    }

    /// The same, with every load and every commit by itself: each is then of one organization, and goes to where its rows lie
    /// in a database that is spread over several machines.
    #[must_use]
    pub fn routed(self) -> Self {
        Self { sharing: None, ..self }
    }

    /// Makes the tables, or brings them to the form that this release needs. Forward only; done again, or by
    /// several processes at once, it changes nothing more.
    ///
    /// # Errors
    /// [`StorageError`]; nothing of it is left.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        Ok(self.database.migrate().await?)
    }

    pub(crate) async fn run(
        &self,
        within: Within,
        statements: &[Statement],
    ) -> Result<Vec<Vec<RowOf<C>>>, Failure> {
        self.database.run(within, statements).await
    }

    async fn count(&self, statement: Statement) -> Result<u32, StorageError> {
        let brought = self.run(Within::Whole, &[statement]).await?;
        let rows = brought.first().map_or(&[][..], Vec::as_slice);
        Ok(first(rows, |columns| columns.value())?.unwrap_or_default())
    }

    /// The first trip of a load, with those of others if they come at once.
    async fn first_trip(&self, trip: &Trip<'_>) -> Result<RowOf<C>, Failure> {
        let statement = trip.statement();
        let Some(sharing) = self.sharing.as_ref().filter(|_| shared::may_share(&statement)) else {
            return self.database.row(statement).await;
        };
        match sharing.loads.run(statement).await.flatten() {
            Some(row) => row,
            None => self.database.row(trip.statement()).await,
        }
    }

    /// None if somebody committed between two of its trips.
    async fn slice(
        &self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Option<Slice>, Failure> {
        let trip = Trip::first(organization, reads, now);
        let row = self.first_trip(&trip).await?;
        let mut fetched = Fetched::default();
        fetched.take(trip, &row)?;
        let mut loading = Loading::new(fetched, organization, reads, now);
        if loading.is_done()? {
            return Ok(Some(loading.slice));
        }
        let mut connection = self.database.connection().await?;
        let slice = loading.finish(&mut connection).await;
        drop(connection);
        self.database.explained(slice).await
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
        match self.slice(organization, reads, now).await {
            Ok(Some(slice)) => return Ok(slice),
            Ok(None) => {}
            // Where each statement is serializable by itself.
            Err(failure) if failure.is_conflict() => {}
            Err(failure) => return Err(failure.into()),
        }
        let mut connection = self.database.connection().await?;
        let slice = load::slice(&mut connection, Within::Snapshot, organization, reads, now).await;
        drop(connection);
        Ok(self.database.explained(slice).await?)
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let writes = commit::writes(commit)?;
        let Some(sharing) = &self.sharing else {
            self.run(Within::Whole, &commit::alone(writes)).await?;
            return Ok(());
        };
        let written = if writes.may_share() {
            sharing.commits.run(writes).await.unwrap_or_else(|| {
                Some(Err(Failure::outcome_unknown("nobody is left to tell what became of it")))
            })
        } else {
            Some(self.run(Within::Itself, &[commit::whole(writes)]).await.map(drop))
        };
        match written {
            Some(Err(failure)) if failure.is_serialization() => {}
            Some(written) => return Ok(written?),
            None => {}
        }
        // Read committed, whatever the database's default.
        self.run(Within::Whole, &commit::statements(commit)?).await?;
        Ok(())
    }

    async fn exclusive(&self, organization: &OrganizationId) -> Result<Box<dyn Exclusive>, StorageError> {
        let mut connection = self.database.connection().await?;
        let lock = Statement::new(sql::LOCK, vec![Value::text(organization.as_str())]);
        let locked = connection.run(Within::Begin, &[lock]).await;
        if let Err(failure) = locked {
            drop(connection);
            return Err(self.database.explained(Err(failure)).await?);
        }
        let is_routed = self.sharing.is_none();
        Ok(Box::new(Unit { connection: Some(connection), organization: organization.clone(), is_routed }))
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
    is_routed: bool,
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
        let writes = commit::writes(commit)?;
        let statements = if self.is_routed { commit::alone(writes) } else { vec![commit::whole(writes)] };
        connection.run(Within::Open, &statements).await?;
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
