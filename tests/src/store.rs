//! The stores that every behaviour is driven on.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use invite::{AccessModel, Invitations, InvitationsBuilder, Keyring, Storage};
use invite_memory::MemoryStorage;
use invite_postgres_testing::Database;
use invite_sqlite::SqliteStorage;
use tempfile::TempDir;

use crate::postgres;

type Connect = dyn Fn(AccessModel, Keyring) -> InvitationsBuilder + Send + Sync;
type Made = Pin<Box<dyn Future<Output = Store> + Send>>;

/// A store of one test's own. It is connected to as often as there are processes.
#[derive(Clone)]
pub struct Store {
    connect: Arc<Connect>,
    another: fn() -> Made,
    file: Option<Arc<TempDir>>,
    database: Option<Arc<Database>>,
}

impl Store {
    /// Memory, which ends with the test.
    pub async fn memory() -> Self {
        let storage = MemoryStorage::new();
        Self::of(move || storage.clone(), another_memory)
    }

    /// A file of SQLite. Each connection opens it anew, as another process does.
    pub async fn sqlite() -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let path = directory.path().join("invite.db");
        SqliteStorage::open(&path).unwrap().migrate().await.unwrap();
        let store = Self::of(move || SqliteStorage::open(&path).unwrap(), another_sqlite);
        Self { file: Some(directory), ..store }
    }

    /// A database on the Postgres of the tests, dropped with the last clone. Each connection is a pool of its own, as another
    /// process has.
    pub async fn postgres() -> Self {
        let database = Arc::new(postgres::database().await);
        Self { database: Some(Arc::clone(&database)), ..Self::postgres_at(database.url()) }
    }

    /// A database that another process keeps.
    pub fn postgres_at(url: &str) -> Self {
        let url = url.to_owned();
        Self::of(move || postgres::storage(&url), another_postgres)
    }

    /// Memory under a wrapper.
    pub fn wrapping(storage: impl Storage + Clone) -> Self {
        Self::of(move || storage.clone(), another_memory)
    }

    fn of<S: Storage>(connect: impl Fn() -> S + Send + Sync + 'static, another: fn() -> Made) -> Self {
        let connect = move |model, keyring| Invitations::builder(connect(), model, keyring);
        Self { connect: Arc::new(connect), another, file: None, database: None }
    }

    /// An empty store of the same kind.
    pub async fn another(&self) -> Self {
        (self.another)().await
    }

    /// A new connection, with a service to be built on it.
    pub fn connect(&self, model: AccessModel, keyring: Keyring) -> InvitationsBuilder {
        (self.connect)(model, keyring)
    }

    /// The directory of the file, if the store keeps one.
    pub fn directory(&self) -> Option<PathBuf> {
        self.file.as_ref().map(|file| file.path().to_owned())
    }

    /// The database, if the store is one of Postgres.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_deref()
    }
}

// Named, so that a store does not have to know its own type to make another.
fn another_memory() -> Made {
    Box::pin(Store::memory())
}

fn another_sqlite() -> Made {
    Box::pin(Store::sqlite())
}

fn another_postgres() -> Made {
    Box::pin(Store::postgres())
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Store");
        shown.field("file", &self.file).field("database", &self.database).finish_non_exhaustive()
    }
}

/// Makes of each function one test for each store, named after both: `a1_…::memory`.
///
/// A further store is one more line here.
#[macro_export]
macro_rules! on_every_store {
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident) $body:block)+) => {
        $($crate::on_every_store! { @ $(#[$attribute])* $name($world) $body
            memory => $crate::Store::memory(),
            sqlite => $crate::Store::sqlite(),
            postgres => $crate::Store::postgres(),
        })+
    };
    (@ $(#[$attribute:meta])* $name:ident($world:ident) $body:block $($store:ident => $open:expr,)+) => {
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn case($world: $crate::World) $body

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $store() {
                    case($crate::World::on($open.await)).await;
                }
            )+
        }
    };
}
