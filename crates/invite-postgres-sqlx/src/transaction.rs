//! Transactions of the host.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{Commit, OrganizationId, Reads, Slice};
use invite_postgres_sql::Lent;
use invite_storage::{AsyncHostTransaction, CommitError};
use sqlx::PgConnection;

use crate::connection::{Borrowed, Statements};

/// The transaction that a host has open on a connection, for commands to be written into (F4).
///
/// From the first load on, whoever else writes to the organization waits until the host commits or rolls back. So hold the
/// transaction for as long as its statements take, not across requests or mails. A command that fails leaves it as it was
/// before; the host goes on with it, or not.
///
/// At `REPEATABLE READ` and `SERIALIZABLE`, a transaction that has read before cannot lock what somebody changed since: that
/// is a [`CommitError::Conflict`], and only a new transaction helps.
///
/// # Errors
/// Of both halves: [`CommitError::Conflict`] as above; a storage error that is
/// [unavailable](invite_storage::StorageError::is_unavailable) where a lock or statement takes longer than the host allows;
/// one whose source is [`NoTransaction`](crate::NoTransaction) or a [`SchemaError`](crate::SchemaError).
#[derive(Debug)]
pub struct PostgresTransaction<'a> {
    lent: Lent<Borrowed<'a>>,
}

impl<'a> PostgresTransaction<'a> {
    /// The transaction that is open on a connection: `PostgresTransaction::of(&mut transaction)` for a
    /// [`Transaction`](sqlx::Transaction) of `sqlx`.
    #[must_use]
    pub fn of(connection: &'a mut PgConnection) -> Self {
        Self::with(connection, Statements::default())
    }

    /// The same, with a say in whether statements are prepared.
    #[must_use]
    pub fn with(connection: &'a mut PgConnection, statements: Statements) -> Self {
        Self { lent: Lent::new(Borrowed::new(connection, statements)) }
    }
}

#[async_trait]
impl AsyncHostTransaction for PostgresTransaction<'_> {
    async fn load(
        &mut self,
        organization: &OrganizationId,
        reads: &Reads,
        now: DateTime<Utc>,
    ) -> Result<Slice, CommitError> {
        self.lent.load(organization, reads, now).await
    }

    async fn write(&mut self, commit: &Commit) -> Result<(), CommitError> {
        self.lent.write(commit).await
    }
}
