//! Services on stores of a kind.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use invite::{AccessModel, Acting, BuildError, Invitations, Keyring, Limit, Plan};
use invite_memory::MemoryStorage;
use invite_postgres::PostgresStorage;
use invite_postgres_testing::{Database, Options, Server};
use invite_sqlite::SqliteStorage;
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::Outcome;

/// Where Linux keeps files in memory.
const IN_MEMORY: &str = "/dev/shm";

/// Makes services, each on an empty store of its own.
pub(crate) struct Stores {
    kind: Kind,
    made: AtomicUsize,
}

enum Kind {
    Memory,
    Sqlite(TempDir),
    Postgres(Box<Cluster>),
}

/// A server, and the databases on it for as long as they are measured.
struct Cluster {
    name: &'static str,
    folder: PathBuf,
    databases: Mutex<Vec<Database>>,
    server: Server,
}

/// A service on a database of its own, and a pool for what goes past it.
pub(crate) struct Postgres {
    pub(crate) service: Invitations,
    pub(crate) pool: Pool,
}

/// The connections of a pool.
const CONNECTIONS: usize = 32;

impl Cluster {
    fn start(name: &'static str, folder: PathBuf) -> Outcome<Self> {
        let server = Server::start(Options::new().durable().within(&folder))?;
        Ok(Self { name, folder, databases: Mutex::default(), server })
    }

    /// A pool over a new database with the library's tables.
    async fn pool(&self) -> Outcome<Pool> {
        let database = self.server.empty_database().await?;
        let pool = pool(database.url())?;
        PostgresStorage::new(pool.clone()).migrate().await?;
        self.databases.lock().unwrap_or_else(PoisonError::into_inner).push(database);
        Ok(pool)
    }
}

fn pool(url: &str) -> Outcome<Pool> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse()?, NoTls, recycling);
    Ok(Pool::builder(manager).max_size(CONNECTIONS).build()?)
}

impl Stores {
    pub(crate) fn memory() -> Self {
        Self { kind: Kind::Memory, made: AtomicUsize::new(0) }
    }

    /// Files with the durability that a host gets by default.
    pub(crate) fn sqlite() -> Outcome<Self> {
        Ok(Self { kind: Kind::Sqlite(tempfile::tempdir()?), made: AtomicUsize::new(0) })
    }

    /// Files on a file system in memory, if there is one: where waiting for a disk would hide what is compared.
    pub(crate) fn sqlite_without_disk() -> Outcome<Self> {
        let folder = tempfile::tempdir_in(IN_MEMORY).or_else(|_| tempfile::tempdir())?;
        Ok(Self { kind: Kind::Sqlite(folder), made: AtomicUsize::new(0) })
    }

    /// A server with the durability of its own defaults, in the folder for temporary files.
    pub(crate) fn postgres() -> Outcome<Self> {
        let cluster = Cluster::start("postgres", std::env::temp_dir())?;
        Ok(Self { kind: Kind::Postgres(Box::new(cluster)), made: AtomicUsize::new(0) })
    }

    /// The same on a file system in memory, if there is one.
    pub(crate) fn postgres_without_disk() -> Outcome<Self> {
        let folder = Some(PathBuf::from(IN_MEMORY)).filter(|folder| folder.is_dir());
        let cluster = Cluster::start("postgres-in-memory", folder.unwrap_or_else(std::env::temp_dir))?;
        Ok(Self { kind: Kind::Postgres(Box::new(cluster)), made: AtomicUsize::new(0) })
    }

    /// A service on a new database, and the pool that it uses.
    pub(crate) async fn postgres_database(&self) -> Outcome<Postgres> {
        let Kind::Postgres(cluster) = &self.kind else { return Err("this is no server".into()) };
        let pool = cluster.pool().await?;
        let service = on(PostgresStorage::new(pool.clone()), &Keyring::ephemeral())?;
        Ok(Postgres { service, pool })
    }

    /// Where the rows lie.
    pub(crate) fn place(&self) -> &Path {
        match &self.kind {
            Kind::Memory => Path::new("memory"),
            Kind::Sqlite(folder) => folder.path().parent().unwrap_or(folder.path()),
            Kind::Postgres(cluster) => &cluster.folder,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match &self.kind {
            Kind::Memory => "memory",
            Kind::Sqlite(_) => "sqlite",
            Kind::Postgres(cluster) => cluster.name,
        }
    }

    /// A service on an empty store.
    pub(crate) async fn service(&self) -> Outcome<Invitations> {
        let [service] = self.services().await?;
        Ok(service)
    }

    /// Services on one empty store, as in several processes: each has its own queues, and their versions conflict.
    pub(crate) async fn services<const N: usize>(&self) -> Outcome<[Invitations; N]> {
        let keyring = Keyring::ephemeral();
        let services: Vec<_> = match &self.kind {
            Kind::Memory => {
                let storage = MemoryStorage::new();
                (0..N).map(|_| on(storage.clone(), &keyring)).collect::<Result<_, _>>()?
            }
            Kind::Sqlite(folder) => {
                let file = self.file(folder);
                SqliteStorage::open(&file)?.migrate().await?;
                let service = |_| Outcome::Ok(on(SqliteStorage::open(&file)?, &keyring)?);
                (0..N).map(service).collect::<Result<_, _>>()?
            }
            Kind::Postgres(cluster) => {
                let pool = cluster.pool().await?;
                let service = |_| on(PostgresStorage::new(pool.clone()), &keyring);
                (0..N).map(service).collect::<Result<_, _>>()?
            }
        };
        services.try_into().map_err(|_| "another number of services than asked for".into())
    }

    fn file(&self, folder: &TempDir) -> PathBuf {
        folder.path().join(format!("{}.db", self.made.fetch_add(1, Ordering::Relaxed)))
    }
}

fn on(storage: impl invite::Storage, keyring: &Keyring) -> Result<Invitations, BuildError> {
    let service = Invitations::builder(storage, AccessModel::preset(), keyring.clone());
    service.base_url("https://app.example/join").build()
}

/// An organization with ada as its owner, who acts, and with no limit on seats.
pub(crate) async fn organization(service: &Invitations, id: &str) -> Outcome<Acting> {
    let plan = Plan::new().and_seats("team", Limit::Unlimited).and_seats("client", Limit::Unlimited);
    with_plan(service, id, plan).await
}

/// An organization on a plan, with ada as its owner, who acts.
pub(crate) async fn with_plan(service: &Invitations, id: &str, plan: Plan) -> Outcome<Acting> {
    Ok(service.create_organization(id, "Acme Ltd", "ada", plan).await?.by("ada"))
}

/// A pasted list of so many addresses with names.
pub(crate) fn addresses(count: usize) -> String {
    (0..count).map(|n| format!("Person {n} <person.{n}@example.com>\n")).collect()
}
