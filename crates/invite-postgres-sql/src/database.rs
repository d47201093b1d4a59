//! Connections to a database with the tables of this release.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Failure;
use crate::migrate;
use crate::statement::{Connect, Connection, Statement, Within};

/// The rows of a driver.
pub(crate) type RowOf<C> = <<C as Connect>::Connection as Connection>::Row;

#[derive(Debug)]
pub(crate) struct Database<C> {
    connect: C,
    /// Whether the tables were found to be those of this release.
    is_known: AtomicBool,
    /// Whether a statement by itself is read committed: so it is unless a host has set another default.
    is_read_committed: AtomicBool,
}

impl<C: Connect> Database<C> {
    pub(crate) fn new(connect: C) -> Self {
        Self { connect, is_known: AtomicBool::new(false), is_read_committed: AtomicBool::new(false) }
    }

    pub(crate) async fn migrate(&self) -> Result<(), Failure> {
        let mut connection = self.connect.connect().await?;
        migrate::migrate(&mut connection).await
    }

    /// A connection to tables of this release. They are looked at once, and again when a statement fails by their form.
    pub(crate) async fn connection(&self) -> Result<C::Connection, Failure> {
        let mut connection = self.connect.connect().await?;
        if !self.is_known.load(Ordering::Relaxed) {
            let is_read_committed = migrate::require(&mut connection).await?;
            self.is_read_committed.store(is_read_committed, Ordering::Relaxed);
            self.is_known.store(true, Ordering::Relaxed);
        }
        Ok(connection)
    }

    pub(crate) async fn run(
        &self,
        within: Within,
        statements: &[Statement],
    ) -> Result<Vec<Vec<RowOf<C>>>, Failure> {
        let mut connection = self.connection().await?;
        let within = match within {
            Within::Itself if !self.is_read_committed.load(Ordering::Relaxed) => Within::Whole,
            within => within,
        };
        let answer = connection.run(within, statements).await;
        drop(connection);
        self.explained(answer).await
    }

    /// Of a statement that brings one row.
    pub(crate) async fn row(&self, statement: Statement) -> Result<RowOf<C>, Failure> {
        let mut brought = self.run(Within::Open, &[statement]).await?;
        let row = brought.pop().and_then(|mut rows| rows.pop());
        row.ok_or_else(|| Failure::other("a statement that brings a row brought none"))
    }

    /// Of a statement that the server does not understand, says whether the tables are to blame.
    pub(crate) async fn explained<T>(&self, answer: Result<T, Failure>) -> Result<T, Failure> {
        match answer {
            Err(failure) if failure.is_unknown_form() => {
                self.is_known.store(false, Ordering::Relaxed);
                self.connection().await?;
                Err(failure)
            }
            answer => answer,
        }
    }
}
