//! Transactions of the host.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Commit, OrganizationId, Reads, Slice};
use invite_storage::{AsyncHostTransaction, CommitError};

use crate::error::{Failure, NoTransaction};
use crate::statement::{Connection, Statement, Within};
use crate::value::Value;
use crate::{commit, load, migrate, sql};

const SAVEPOINT: &str = "savepoint invite";
const RELEASE: &str = "release savepoint invite";
const ROLLBACK: &str = "rollback to savepoint invite; release savepoint invite";

/// A connection on which a host has a transaction open, lent for as long as commands are written into it (F4).
///
/// A server ends a transaction in which a statement failed, so each half lies behind a savepoint and goes back to it.
#[derive(Debug)]
pub struct Lent<C> {
    connection: C,
}

impl<C: Connection> Lent<C> {
    /// The transaction that is open on a connection.
    pub fn new(connection: C) -> Self {
        Self { connection }
    }

    /// Locks before anything is read, or it may be of the past.
    async fn lock(&mut self, organization: &OrganizationId) -> Result<(), Failure> {
        let lock = [
            Statement::new(sql::SCHEMA_VERSION, vec![]),
            Statement::new(sql::LOCK, vec![Value::text(organization.as_str())]),
        ];
        let brought = match self.connection.run(Within::Open, &lock).await {
            Err(failure) if failure.is_missing_schema() => return migrate::require_version(None),
            brought => brought?,
        };
        let (found, _) = migrate::version_in(brought.first().map_or(&[], Vec::as_slice))?;
        migrate::require_version(found)
    }

    /// Nothing is sent before it is known that there is a transaction: it would be true at once.
    async fn begin(&mut self) -> Result<(), Failure> {
        match self.connection.script(SAVEPOINT).await {
            Err(failure) if failure.is_without_transaction() => Err(Failure::other(NoTransaction)),
            begun => begun,
        }
    }

    /// What was done stays where it went well, and else is undone; why it did not is told.
    async fn end<T>(&mut self, done: Result<T, Failure>) -> Result<T, Failure> {
        let ended = self.connection.script(if done.is_ok() { RELEASE } else { ROLLBACK }).await;
        let done = done?;
        ended.map(|()| done)
    }
}

#[async_trait]
impl<C: Connection> AsyncHostTransaction for Lent<C> {
    async fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError> {
        self.begin().await?;
        let slice = match self.lock(organization).await {
            Ok(()) => load::slice(&mut self.connection, Within::Open, organization, reads, now).await,
            Err(failure) => Err(failure),
        };
        Ok(self.end(slice).await?)
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        let statement = commit::whole(commit::writes(commit)?);
        self.begin().await?;
        let written = self.connection.run(Within::Open, &[statement]).await.map(drop);
        Ok(self.end(written).await?)
    }
}
