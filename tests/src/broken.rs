//! Stores that break the contract: what tests are tested with.

use async_trait::async_trait;
use chrono::DateTime;
use invite::Storage;
use invite::core::{Commit, Reads};
use invite::storage::{CommitError, Wrapper};

/// A store without a version check: whatever somebody else wrote since the load, a commit is written after it.
#[derive(Debug, Clone)]
pub struct Careless<S>(pub S);

#[async_trait]
impl<S: Storage> Wrapper for Careless<S> {
    type Store = S;

    fn store(&self) -> &S {
        &self.0
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let now = self.0.load(&commit.organization, &Reads::new(), DateTime::UNIX_EPOCH).await?;
        let mut late = commit.clone();
        late.version = now.version();
        if let Some(header) = &mut late.header {
            header.version = late.version + late.events.len() as u64;
        }
        for (event, sequence) in late.events.iter_mut().zip(late.version + 1..) {
            event.sequence = sequence;
        }
        self.0.commit(&late).await
    }
}

/// A store that loses part of what it writes.
#[derive(Debug, Clone)]
pub struct Losing<S> {
    inner: S,
    lose: fn(&mut Commit),
}

impl<S> Losing<S> {
    /// Loses this of every commit.
    pub fn new(inner: S, lose: fn(&mut Commit)) -> Self {
        Self { inner, lose }
    }
}

#[async_trait]
impl<S: Storage> Wrapper for Losing<S> {
    type Store = S;

    fn store(&self) -> &S {
        &self.inner
    }

    async fn commit(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut left = commit.clone();
        (self.lose)(&mut left);
        self.inner.commit(&left).await
    }
}
