//! What loads and commits of several organizations share: a trip, and a transaction.

use std::sync::Arc;

use async_trait::async_trait;

use crate::commit::{self, Writes};
use crate::composed::several;
use crate::database::{Database, RowOf};
use crate::error::Failure;
use crate::lanes::{Lanes, Together};
use crate::statement::{Connect, Statement, Within};

/// More bytes of keys than this are better off by themselves.
const MOST_BYTES: usize = 4_096;

/// The outcome of one among several; None if it is to be done again by itself, as nothing came of it together.
type Shared<T> = Option<Result<T, Failure>>;

/// The ways in which organizations share.
pub(crate) struct Sharing<C: Connect> {
    pub(crate) loads: Arc<Lanes<Loads<C>>>,
    pub(crate) commits: Arc<Lanes<Commits<C>>>,
}

impl<C: Connect> Sharing<C> {
    pub(crate) fn new(database: &Arc<Database<C>>) -> Self {
        let loads = Lanes::new(Loads(Arc::clone(database)));
        let commits = Lanes::new(Commits(Arc::clone(database)));
        Self { loads: Arc::new(loads), commits: Arc::new(commits) }
    }
}

/// First trips of loads.
pub(crate) struct Loads<C>(Arc<Database<C>>);

/// Commits.
pub(crate) struct Commits<C>(Arc<Database<C>>);

/// Whether there is so little asked for that others may wait for it.
pub(crate) fn may_share(load: &Statement) -> bool {
    load.values.iter().filter_map(|value| value.bytes()).map(<[u8]>::len).sum::<usize>() <= MOST_BYTES
}

#[async_trait]
impl<C: Connect> Together for Loads<C> {
    type Item = Statement;
    type Outcome = Shared<RowOf<C>>;

    fn is_like(&self, one: &Statement, other: &Statement) -> bool {
        std::ptr::eq(one.sql, other.sql)
    }

    async fn alone(&self, load: Statement) -> Self::Outcome {
        Some(self.0.row(load).await)
    }

    /// What fails together is told by what fails by itself.
    async fn together(&self, loads: Vec<Statement>) -> Vec<Self::Outcome> {
        let statement = several(&loads);
        let brought = match statement {
            Some(statement) => self.0.run(Within::Open, &[statement]).await.ok(),
            None => None,
        };
        let rows = brought.and_then(|mut brought| brought.pop()).filter(|rows| rows.len() == loads.len());
        match rows {
            Some(rows) => rows.into_iter().map(|row| Some(Ok(row))).collect(),
            None => loads.iter().map(|_| None).collect(),
        }
    }
}

#[async_trait]
impl<C: Connect> Together for Commits<C> {
    type Item = Writes;
    type Outcome = Shared<()>;

    fn is_like(&self, _: &Writes, _: &Writes) -> bool {
        true
    }

    async fn alone(&self, writes: Writes) -> Self::Outcome {
        self.together(vec![writes]).await.pop().flatten()
    }

    /// One that is refused takes all along, and each goes by itself then; so does one whose organization is locked, for nobody
    /// waits for a lock in a lane. Of a reply that was lost each asks for itself.
    async fn together(&self, commits: Vec<Writes>) -> Vec<Self::Outcome> {
        let count = commits.len();
        let mut lost = match self.0.run(Within::Itself, &[commit::together(commits)]).await {
            Ok(_) => return (0..count).map(|_| Some(Ok(()))).collect(),
            Err(failure) if failure.is_outcome_unknown() => Some(failure),
            Err(failure) if count == 1 && !failure.is_conflict() => return vec![Some(Err(failure))],
            Err(_) => return (0..count).map(|_| None).collect(),
        };
        let other = || Failure::outcome_unknown("the reply to a commit of several organizations was lost");
        (0..count).map(|_| Some(Err(lost.take().unwrap_or_else(other)))).collect()
    }
}
