//! Databases on the Postgres of the tests, and stores over them.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use futures_util::TryStreamExt as _;
use invite_postgres::PostgresStorage;
use invite_postgres_testing::{Database, Server};
use tokio_postgres::NoTls;

const TABLES: &str = include_str!("../../crates/invite-postgres-sql/sql/migrations/0001.sql");

/// How many connections a pool has. Few, so that many tests fit on a server, and whoever waits for a second one while
/// holding the first is found out.
const CONNECTIONS: usize = 4;

/// How long it is waited for a connection: for ever would be a test that hangs.
const WAIT: Duration = Duration::from_secs(30);

/// A database with all tables, which are empty. It is dropped with the value.
pub async fn database() -> Database {
    database_on(Server::shared().unwrap()).await
}

/// The same on a server of one's own.
pub async fn database_on(server: &Server) -> Database {
    let migrate = async |url: String| {
        let pool = pool(&url);
        let migrated = PostgresStorage::new(pool.clone()).migrate().await;
        pool.close();
        Ok(migrated?)
    };
    server.database(TABLES, migrate).await.unwrap()
}

/// A store with connections of its own.
pub fn storage(url: &str) -> PostgresStorage {
    PostgresStorage::new(pool(url))
}

/// Takes out every row.
pub async fn empty(database: &Database) {
    let deleting = tables(database).await.into_iter().map(|table| format!("delete from {table};"));
    database.connect().await.unwrap().batch_execute(&deleting.collect::<String>()).await.unwrap();
}

/// Every row, as it is kept.
pub async fn rows(database: &Database) -> Vec<u8> {
    let client = database.connect().await.unwrap();
    let mut rows = Vec::new();
    for table in tables(database).await {
        let copied = client.copy_out(&format!("copy {table} to stdout (format binary)")).await.unwrap();
        rows.extend(copied.try_collect::<Vec<_>>().await.unwrap().into_iter().flatten());
    }
    rows
}

async fn tables(database: &Database) -> Vec<String> {
    let tables = "select 'invite.' || tablename from pg_tables
        where schemaname = 'invite' and tablename <> 'migrations'";
    let found = database.connect().await.unwrap().query(tables, &[]).await.unwrap();
    found.iter().map(|row| row.get(0)).collect()
}

fn pool(url: &str) -> Pool {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse().unwrap(), NoTls, recycling);
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) };
    Pool::builder(manager).max_size(CONNECTIONS).timeouts(timeouts).runtime(Runtime::Tokio1).build().unwrap()
}
