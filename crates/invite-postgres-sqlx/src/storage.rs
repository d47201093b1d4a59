//! The store, over a pool of the host.

use invite_postgres_sql::Store;
use invite_storage::{StorageError, Wrapper};
use sqlx::PgPool;

use crate::connection::{Pooled, Statements};

/// Invitations in Postgres. Clones share the pool.
#[derive(Debug, Clone)]
pub struct PostgresStorage {
    store: Store<Pooled>,
}

impl PostgresStorage {
    /// A store over a pool of the host, which may use it for its own tables as well. Nothing is asked of the database yet.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self::with(pool, Statements::default())
    }

    /// The same, with a say in whether statements are prepared.
    #[must_use]
    pub fn with(pool: PgPool, statements: Statements) -> Self {
        Self { store: Store::new(Pooled::new(pool, statements)) }
    }

    /// The same, with every load and every commit by itself, instead of with those of other organizations that come at once.
    /// Each statement of a command is then of one organization, and is sent to where its rows lie in a database that is
    /// spread over several machines, such as Citus.
    #[must_use]
    pub fn routed(self) -> Self {
        Self { store: self.store.routed() }
    }

    /// Makes the tables, or brings them to the form that this release needs. Forward only; done again, or by
    /// several processes at once, it changes nothing more.
    ///
    /// # Errors
    /// [`StorageError`]; nothing of it is left.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        self.store.migrate().await
    }
}

/// It is a [`Storage`](invite_storage::Storage) by what is inside.
impl Wrapper for PostgresStorage {
    type Store = Store<Pooled>;

    fn store(&self) -> &Self::Store {
        &self.store
    }
}
