//! The stores that every behaviour is driven on.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use invite::{AccessModel, Invitations, InvitationsBuilder, Keyring, Storage};
use invite_memory::MemoryStorage;
use invite_sqlite::SqliteStorage;
use tempfile::TempDir;

type Connect = dyn Fn(AccessModel, Keyring) -> InvitationsBuilder + Send + Sync;
type Made = Pin<Box<dyn Future<Output = Store> + Send>>;

/// A store of one test's own. It is connected to as often as there are processes.
#[derive(Clone)]
pub struct Store {
    connect: Arc<Connect>,
    another: fn() -> Made,
    file: Option<Arc<TempDir>>,
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

    /// Memory under a wrapper.
    pub fn wrapping(storage: impl Storage + Clone) -> Self {
        Self::of(move || storage.clone(), another_memory)
    }

    fn of<S: Storage>(connect: impl Fn() -> S + Send + Sync + 'static, another: fn() -> Made) -> Self {
        let connect = move |model, keyring| Invitations::builder(connect(), model, keyring);
        Self { connect: Arc::new(connect), another, file: None }
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
}

// Named, so that a store does not have to know its own type to make another.
fn another_memory() -> Made {
    Box::pin(Store::memory())
}

fn another_sqlite() -> Made {
    Box::pin(Store::sqlite())
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("file", &self.file).finish_non_exhaustive()
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
