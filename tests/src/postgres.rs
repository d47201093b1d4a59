//! Databases on the Postgres of the tests, and stores over them.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
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
    let migrate = async |url: String| {
        let pool = pool(&url);
        let migrated = PostgresStorage::new(pool.clone()).migrate().await;
        pool.close();
        Ok(migrated?)
    };
    Server::shared().unwrap().database(TABLES, migrate).await.unwrap()
}

/// A store with connections of its own.
pub fn storage(url: &str) -> PostgresStorage {
    PostgresStorage::new(pool(url))
}

fn pool(url: &str) -> Pool {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse().unwrap(), NoTls, recycling);
    let timeouts = Timeouts { wait: Some(WAIT), create: Some(WAIT), recycle: Some(WAIT) };
    Pool::builder(manager).max_size(CONNECTIONS).timeouts(timeouts).runtime(Runtime::Tokio1).build().unwrap()
}
