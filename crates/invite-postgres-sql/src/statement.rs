//! What is asked of a driver: statements in order, and how they lie in a transaction.

use async_trait::async_trait;

use crate::columns::{Columns, Row};
use crate::error::Failure;
use crate::value::Value;

/// A statement with its parameters.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "every driver sends both")]
pub struct Statement {
    /// Its text.
    pub sql: &'static str,
    /// Its parameters, `$1` first.
    pub values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Self { sql, values }
    }
}

/// How statements lie in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "every driver does all of it")]
pub enum Within {
    /// In the transaction that is open on the connection, or each by itself where none is.
    Open,
    /// In a transaction that begins with them and reads one snapshot. It stays open.
    Snapshot,
    /// In a transaction that begins with them and writes. It stays open.
    Begin,
    /// In the transaction that is open, which they end: what was written becomes true.
    Commit,
    /// In a transaction of their own, which begins and ends with them: all of them become true, or none. It has begun before
    /// any of them is sent, or they would become true one by one.
    Whole,
    /// In no transaction but that of the one statement that there is: it becomes true, or not.
    Itself,
}

impl Within {
    /// The statement that goes before the others.
    #[must_use]
    pub fn begins_with(self) -> Option<&'static str> {
        match self {
            Self::Snapshot => Some("begin isolation level repeatable read, read only"),
            // What is read under the lock of an organization is what is true then, and a commit guards itself. At a
            // higher level whoever waited for a lock could only fail, and no order among writers would come of waiting.
            Self::Begin | Self::Whole => Some("begin isolation level read committed"),
            Self::Open | Self::Commit | Self::Itself => None,
        }
    }

    /// The statement that goes behind them.
    #[must_use]
    pub fn ends_with(self) -> Option<&'static str> {
        match self {
            Self::Commit | Self::Whole => Some("commit"),
            Self::Open | Self::Snapshot | Self::Begin | Self::Itself => None,
        }
    }

    /// Whether something is true for everybody afterwards: if the reply is lost, nobody knows.
    #[must_use]
    pub fn makes_true(self) -> bool {
        matches!(self, Self::Commit | Self::Whole | Self::Itself)
    }

    /// Whether a transaction is open afterwards.
    #[must_use]
    pub fn leaves_open(self) -> bool {
        matches!(self, Self::Snapshot | Self::Begin)
    }
}

/// Where connections come from: the pool of a host.
#[async_trait]
pub trait Connect: Send + Sync + 'static {
    /// A connection.
    type Connection: Connection + 'static;

    /// A connection on which no transaction is open.
    ///
    /// # Errors
    /// [`Failure::unavailable`] if none can be had.
    async fn connect(&self) -> Result<Self::Connection, Failure>;
}

/// A connection. Dropped with a transaction open on it, it rolls that back, and comes to nobody else before.
#[async_trait]
pub trait Connection: Send {
    /// Its rows.
    type Row: Row + 'static;

    /// Sends all statements at once, where the driver can, and gives the rows of each. Once they are on their way, nothing
    /// that becomes of the caller keeps any of them back; where they go one by one, a transaction that some of them were
    /// kept back from is rolled back.
    ///
    /// # Errors
    /// The first [`Failure`] of a statement; the others did nothing, unless each was by itself.
    /// [`Failure::outcome_unknown`] if a commit was sent, and no statement is known to have failed.
    async fn run(&mut self, within: Within, statements: &[Statement])
    -> Result<Vec<Vec<Self::Row>>, Failure>;

    /// Runs a text of one or several statements without parameters in the transaction that is open, in one trip.
    ///
    /// # Errors
    /// [`Failure`]
    async fn script(&mut self, sql: &'static str) -> Result<(), Failure>;
}

/// Reads all rows that a statement brought.
pub(crate) fn all<R: Row, T>(
    rows: &[R],
    mut read: impl FnMut(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    rows.iter().map(|row| read(&mut Columns::of(row))).collect()
}

/// Reads the first of them.
pub(crate) fn first<R: Row, T>(
    rows: &[R],
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    rows.first().map(|row| read(&mut Columns::of(row))).transpose()
}
