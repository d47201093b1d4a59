//! Connections of the pool: statements sent at once, and none that comes back with an open transaction.

use std::error::Error as StdError;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use bytes::{BufMut as _, BytesMut};
use deadpool_postgres::{Object, Pool, PoolError};
use futures_util::future::try_join_all;
use invite_postgres_sql::{Connect, Connection, Failure, Row, Statement, Value, Within};
use tokio_postgres::error::Severity;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Client, Error};

/// Whether statements are prepared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statements {
    /// Once a connection, and run many times.
    #[default]
    Prepared,
    /// Each time anew: for poolers that give every transaction another connection, such as PgBouncer before 1.21 in
    /// transaction mode. It is still one trip, and more work for the server.
    Unprepared,
}

/// The pool of a host.
#[derive(Debug, Clone)]
pub struct Pooled {
    pool: Pool,
    statements: Statements,
}

impl Pooled {
    pub(crate) fn new(pool: Pool, statements: Statements) -> Self {
        Self { pool, statements }
    }
}

#[async_trait]
impl Connect for Pooled {
    type Connection = Held;

    async fn connect(&self) -> Result<Held, Failure> {
        match self.pool.get().await {
            Ok(client) => Ok(Held { client: Some(client), statements: self.statements, state: State::Idle }),
            Err(error @ PoolError::NoRuntimeSpecified) => Err(Failure::other(error)),
            Err(error) => Err(Failure::unavailable(error)),
        }
    }
}

/// A connection out of the pool, until it is dropped.
#[derive(Debug)]
pub struct Held {
    /// `None` only while it is dropped.
    client: Option<Object>,
    statements: Statements,
    state: State,
}

/// What transaction is open, or may be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Idle,
    Open,
    /// A call is under way in a transaction that writes, and may wait for a lock.
    Waiting,
}

#[async_trait]
impl Connection for Held {
    type Row = TokioRow;

    async fn run(&mut self, within: Within, statements: &[Statement]) -> Result<Vec<Vec<TokioRow>>, Failure> {
        let client = self.client.as_ref().ok_or_else(|| Failure::other("a connection that was let go"))?;
        let prepared = prepare(client, self.statements, statements).await.map_err(refused)?;
        let was = self.state;
        self.state = match (was, within) {
            // All of it is under way at once, and ends without anybody waiting for it.
            (State::Idle, Within::Open) => State::Idle,
            (_, Within::Snapshot) => State::Open,
            _ => State::Waiting,
        };
        let answer = send(client, within, &prepared).await;
        self.state = match within {
            Within::Snapshot | Within::Begin => State::Open,
            // A commit that was refused may have left the transaction as it was.
            Within::Commit | Within::Whole if answer.is_err() => State::Open,
            Within::Open => was,
            Within::Commit | Within::Whole | Within::Itself => State::Idle,
        };
        answer
    }

    async fn script(&mut self, sql: &'static str) -> Result<(), Failure> {
        let client = self.client.as_ref().ok_or_else(|| Failure::other("a connection that was let go"))?;
        client.batch_execute(sql).await.map_err(refused)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        match self.state {
            State::Idle => {}
            // It is sent now and waited for by nobody; whoever has the connection next comes behind it.
            State::Open => {
                let rollback = pin!(client.batch_execute("rollback"));
                let _ = rollback.poll(&mut Context::from_waker(Waker::noop()));
            }
            // Whoever had it next would wait for the same lock. The server ends what was sent to it whole, and rolls back
            // the rest once the connection is gone; until it has the lock, this is one more than the pool may have.
            State::Waiting => drop(Object::take(client)),
        }
    }
}

/// A connection of the host, with a transaction open on it that is the host's.
#[derive(Debug)]
pub(crate) struct Borrowed<'a> {
    client: &'a Client,
}

impl<'a> Borrowed<'a> {
    pub(crate) fn new(client: &'a Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Connection for Borrowed<'_> {
    type Row = TokioRow;

    async fn run(&mut self, within: Within, statements: &[Statement]) -> Result<Vec<Vec<TokioRow>>, Failure> {
        let statements = statements.iter().map(Prepared::Never).collect::<Vec<_>>();
        send(self.client, within, &statements).await
    }

    async fn script(&mut self, sql: &'static str) -> Result<(), Failure> {
        self.client.batch_execute(sql).await.map_err(refused)
    }
}

/// A statement as it is sent.
enum Prepared<'a> {
    Once(tokio_postgres::Statement, &'a [Value]),
    Never(&'a Statement),
}

async fn prepare<'a>(
    client: &Object,
    how: Statements,
    statements: &'a [Statement],
) -> Result<Vec<Prepared<'a>>, Error> {
    if how == Statements::Unprepared {
        return Ok(statements.iter().map(Prepared::Never).collect());
    }
    let prepared = statements.iter().map(async |Statement { sql, values }| {
        let types = values.iter().map(type_of).collect::<Vec<_>>();
        Ok(Prepared::Once(client.prepare_typed_cached(sql, &types).await?, values))
    });
    try_join_all(prepared).await
}

type Reply<'a> = Pin<Box<dyn Future<Output = Result<Vec<tokio_postgres::Row>, Error>> + Send + 'a>>;

/// A reply that is awaited, or is here already.
enum Sent<'a> {
    Awaited(Reply<'a>),
    Here(Result<Vec<tokio_postgres::Row>, Error>),
}

/// Sends all statements before any reply is awaited, in one go that nothing interrupts.
///
/// What becomes true at once is sent behind a transaction that is known to have begun: the server would run each of them by
/// itself if it had refused that.
async fn send(
    client: &Client,
    within: Within,
    statements: &[Prepared<'_>],
) -> Result<Vec<Vec<TokioRow>>, Failure> {
    let mut begin = within.begins_with();
    if let Some(sql) = begin.take_if(|_| within.ends_with().is_some()) {
        client.batch_execute(sql).await.map_err(refused)?;
    }
    let begins = begin.map(|sql| control(client, sql));
    let bodies = statements.iter().map(|statement| query(client, statement));
    let end = within.ends_with().map(|sql| control(client, sql));
    let mut replies = begins.into_iter().chain(bodies).chain(end);
    let skipped = usize::from(begin.is_some());
    let sent = poll_fn(|context| Poll::Ready(send_all(&mut replies, context))).await;
    let sent = match sent {
        Ok(sent) => sent,
        Err((error, before)) => {
            // Something was not sent, and nothing behind it: what was is rolled back in its place. A connection may have
            // ended between the sending of what makes it true and the reply, which looks the same.
            let (_, most) = replies.size_hint();
            if within.makes_true() && most == Some(0) {
                return Err(Failure::outcome_unknown(error));
            }
            if within != Within::Open && (before > 0 || within.ends_with().is_some()) {
                let rollback = pin!(client.batch_execute("rollback"));
                let _ = rollback.poll(&mut Context::from_waker(Waker::noop()));
            }
            return Err(refused(error));
        }
    };
    let mut brought = Vec::with_capacity(statements.len());
    for sent in sent {
        let reply = match sent {
            Sent::Awaited(reply) => reply.await,
            Sent::Here(reply) => reply,
        };
        match reply {
            Ok(rows) => brought.push(rows.into_iter().map(TokioRow).collect()),
            Err(error) if within.makes_true() => return Err(lost(error)),
            Err(error) => return Err(refused(error)),
        }
    }
    brought.drain(..skipped.min(brought.len()));
    brought.truncate(statements.len());
    Ok(brought)
}

/// Polls each once, which sends it. One that fails at once was not sent; how many were before it.
fn send_all<'a>(
    replies: &mut impl Iterator<Item = Reply<'a>>,
    context: &mut Context<'_>,
) -> Result<Vec<Sent<'a>>, (Error, usize)> {
    let mut sent = Vec::new();
    for mut reply in replies {
        sent.push(match reply.as_mut().poll(context) {
            Poll::Pending => Sent::Awaited(reply),
            Poll::Ready(Err(error)) if error.as_db_error().is_none() => return Err((error, sent.len())),
            Poll::Ready(reply) => Sent::Here(reply),
        });
    }
    Ok(sent)
}

fn control<'a>(client: &'a Client, sql: &'static str) -> Reply<'a> {
    Box::pin(async move { client.batch_execute(sql).await.map(|()| Vec::new()) })
}

fn query<'a>(client: &'a Client, statement: &'a Prepared<'_>) -> Reply<'a> {
    Box::pin(async move {
        match statement {
            Prepared::Once(statement, values) => {
                let values = values.iter().map(Parameter).collect::<Vec<_>>();
                let values = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect::<Vec<_>>();
                client.query(statement, &values).await
            }
            Prepared::Never(Statement { sql, values }) => {
                let types = values.iter().map(type_of);
                let values = values.iter().map(Parameter).collect::<Vec<_>>();
                let values = values.iter().map(|value| value as &(dyn ToSql + Sync)).zip(types);
                client.query_typed(sql, &values.collect::<Vec<_>>()).await
            }
        }
    })
}

fn type_of(value: &Value) -> Type {
    Type::from_oid(value.oid()).unwrap_or(Type::UNKNOWN)
}

/// An error with nothing under way that would be written.
fn refused(error: Error) -> Failure {
    match error.as_db_error() {
        Some(said) => {
            let (code, constraint) = (said.code().code().to_owned(), said.constraint().map(str::to_owned));
            Failure::refused(code, constraint, error)
        }
        None => Failure::unavailable(error),
    }
}

/// An error after a commit was sent. A statement that the server refused takes the commit along.
/// A connection that ended may have ended behind the commit, whichever statement it is told of: a pooler tells whoever waits
/// first of a server that it lost.
fn lost(error: Error) -> Failure {
    let Some(said) = error.as_db_error() else { return Failure::outcome_unknown(error) };
    let ended = match said.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        // Poolers do not say it beside the word in the server's language.
        None => matches!(said.severity(), "FATAL" | "PANIC"),
    };
    if ended { Failure::outcome_unknown(error) } else { refused(error) }
}

/// A parameter in the binary format. `Debug` shows its type alone.
struct Parameter<'a>(&'a Value);

impl fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        let Some(bytes) = self.0.bytes() else { return Ok(IsNull::Yes) };
        out.put_slice(bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        self.to_sql(of, out)
    }
}

/// A row with its columns in the binary format.
#[derive(Debug)]
pub struct TokioRow(tokio_postgres::Row);

struct Bytes<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Bytes<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Row for TokioRow {
    fn bytes(&self, column: usize) -> Option<&[u8]> {
        let value = self.0.try_get::<_, Option<Bytes<'_>>>(column).ok().flatten();
        value.map(|Bytes(bytes)| bytes)
    }

    fn name(&self, column: usize) -> &str {
        self.0.columns().get(column).map_or("?", tokio_postgres::Column::name)
    }
}
