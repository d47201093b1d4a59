//! Connections of the pool: statements sent one by one, and none that comes back with an open transaction.

use std::fmt;

use async_trait::async_trait;
use invite_postgres_sql::{Connect, Connection, Failure, Statement, Value, Within};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{
    PgArgumentBuffer, PgColumn, PgConnection, PgDatabaseError, PgPool, PgRow, PgSeverity, PgTypeInfo,
};
use sqlx::{Column as _, Error, Executor as _, Postgres, Row as _, Type};
use tokio::runtime::Handle;

/// Whether statements are prepared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statements {
    /// Once a connection, and run many times.
    #[default]
    Prepared,
    /// Each time anew: for poolers that give every transaction another connection, such as PgBouncer before 1.21 in
    /// transaction mode. A statement is two trips then.
    Unprepared,
}

/// The pool of a host.
#[derive(Debug, Clone)]
pub struct Pooled {
    pool: PgPool,
    statements: Statements,
}

impl Pooled {
    pub(crate) fn new(pool: PgPool, statements: Statements) -> Self {
        Self { pool, statements }
    }
}

#[async_trait]
impl Connect for Pooled {
    type Connection = Held;

    async fn connect(&self) -> Result<Held, Failure> {
        let connection = self.pool.acquire().await.map_err(Failure::unavailable)?;
        Ok(Held { connection: Some(connection), statements: self.statements, is_open: false })
    }
}

/// A connection out of the pool, until it is dropped.
#[derive(Debug)]
pub struct Held {
    /// `None` only while it is dropped.
    connection: Option<PoolConnection<Postgres>>,
    statements: Statements,
    /// Whether a transaction is open, or may be.
    is_open: bool,
}

#[async_trait]
impl Connection for Held {
    type Row = SqlxRow;

    async fn run(&mut self, within: Within, statements: &[Statement]) -> Result<Vec<Vec<SqlxRow>>, Failure> {
        let connection = self.connection.as_mut().ok_or_else(let_go)?;
        let within = match (within, self.statements) {
            // A pooler may send the second trip of a statement elsewhere than the first.
            (Within::Open, Statements::Unprepared) if !self.is_open => Within::Snapshot,
            // So that it is known where it broke: before the commit, nothing was written.
            (Within::Itself, _) => Within::Whole,
            (within, _) => within,
        };
        if let Some(begin) = within.begins_with() {
            if self.is_open {
                control(connection, "rollback").await.map_err(refused)?;
            }
            self.is_open = true;
            control(connection, begin).await.map_err(refused)?;
        }
        let brought = send(connection, self.statements, statements).await?;
        if let Some(end) = within.ends_with() {
            control(connection, end).await.map_err(lost)?;
        }
        if within != Within::Open {
            self.is_open = within.leaves_open();
        }
        Ok(brought)
    }

    async fn script(&mut self, sql: &'static str) -> Result<(), Failure> {
        let connection = self.connection.as_mut().ok_or_else(let_go)?;
        control(connection, sql).await.map_err(refused)
    }
}

fn let_go() -> Failure {
    Failure::other("a connection that was let go")
}

impl Drop for Held {
    /// What may be open is rolled back by a task that nobody waits for, behind whatever is under way. The pool has the
    /// connection back then.
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take().filter(|_| self.is_open) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if control(&mut connection, "rollback").await.is_err() {
                    connection.close_on_drop();
                }
            });
        } else {
            connection.close_on_drop();
        }
    }
}

/// A connection of the host, with a transaction open on it that is the host's.
#[derive(Debug)]
pub(crate) struct Borrowed<'a> {
    connection: &'a mut PgConnection,
    statements: Statements,
}

impl<'a> Borrowed<'a> {
    pub(crate) fn new(connection: &'a mut PgConnection, statements: Statements) -> Self {
        Self { connection, statements }
    }
}

#[async_trait]
impl Connection for Borrowed<'_> {
    type Row = SqlxRow;

    /// It is always within what is open: to begin and to end is the host's.
    async fn run(&mut self, _: Within, statements: &[Statement]) -> Result<Vec<Vec<SqlxRow>>, Failure> {
        send(self.connection, self.statements, statements).await
    }

    async fn script(&mut self, sql: &'static str) -> Result<(), Failure> {
        control(self.connection, sql).await.map_err(refused)
    }
}

/// Sends each statement once the one before it has answered.
async fn send(
    connection: &mut PgConnection,
    how: Statements,
    statements: &[Statement],
) -> Result<Vec<Vec<SqlxRow>>, Failure> {
    let mut brought = Vec::with_capacity(statements.len());
    for Statement { sql, values } in statements {
        let mut query = sqlx::query::<Postgres>(*sql).persistent(how == Statements::Prepared);
        for value in values {
            query.try_bind(Parameter(value)).map_err(Failure::other)?;
        }
        let rows = connection.fetch_all(query).await.map_err(refused)?;
        brought.push(rows.into_iter().map(SqlxRow).collect());
    }
    Ok(brought)
}

/// Runs a text without parameters, and without preparing it.
async fn control(connection: &mut PgConnection, sql: &'static str) -> Result<(), Error> {
    connection.execute(sqlx::raw_sql(sql)).await.map(drop)
}

/// An error with no commit under way.
fn refused(error: Error) -> Failure {
    match &error {
        Error::Database(said) => {
            let code = said.code().unwrap_or_default().into_owned();
            let constraint = said.constraint().map(str::to_owned);
            Failure::refused(code, constraint, error)
        }
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed => {
            Failure::unavailable(error)
        }
        _ => Failure::other(error),
    }
}

/// An error after a commit was sent. A connection that ended may have ended behind it, and so if the server ended it at the
/// commit itself.
fn lost(error: Error) -> Failure {
    let said = error.as_database_error().and_then(|said| said.try_downcast_ref::<PgDatabaseError>());
    match said.map(PgDatabaseError::severity) {
        None | Some(PgSeverity::Fatal | PgSeverity::Panic) => Failure::outcome_unknown(error),
        Some(_) => refused(error),
    }
}

/// A parameter in the binary format.
struct Parameter<'a>(&'a Value);

impl Type<Postgres> for Parameter<'_> {
    /// Of no value; each says its own.
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Parameter<'_> {
    fn encode_by_ref(&self, out: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let Some(bytes) = self.0.bytes() else { return Ok(IsNull::Yes) };
        out.extend_from_slice(bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.0.oid())))
    }

    fn size_hint(&self) -> usize {
        self.0.bytes().map_or(0, <[u8]>::len)
    }
}

/// A row with its columns in the binary format. `Debug` shows none of them.
pub struct SqlxRow(PgRow);

impl fmt::Debug for SqlxRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlxRow").finish_non_exhaustive()
    }
}

impl invite_postgres_sql::Row for SqlxRow {
    fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.0.try_get_raw(column).ok()?.as_bytes().ok()
    }

    fn name(&self, column: usize) -> &str {
        self.0.columns().get(column).map_or("?", PgColumn::name)
    }
}
