//! Databases for tests, and pools over them.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use invite_postgres::{PostgresStorage, Statements};
use invite_postgres_testing::{Cut, Database, Server, Side};
use tokio_postgres::{Config, NoTls};

const TABLES: &str = include_str!("../../../invite-postgres-sql/sql/migrations/0001.sql");

/// A database that was migrated.
pub async fn database() -> Database {
    database_on(Server::shared().unwrap(), "").await
}

/// The same on a server, in a locale.
pub async fn database_on(server: &Server, locale: &str) -> Database {
    let migrate = async |url: String| {
        let pool = pool(config(&url));
        let migrated = PostgresStorage::new(pool.clone()).migrate().await;
        pool.close();
        Ok(migrated?)
    };
    server.database_in(locale, TABLES, migrate).await.unwrap()
}

pub fn config(url: &str) -> Config {
    url.parse().unwrap()
}

pub fn pool(config: Config) -> Pool {
    pool_of(config, 16, Timeouts::default())
}

pub fn pool_of(config: Config, connections: usize, timeouts: Timeouts) -> Pool {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, NoTls, recycling);
    Pool::builder(manager).max_size(connections).timeouts(timeouts).runtime(Runtime::Tokio1).build().unwrap()
}

pub fn store(database: &Database) -> PostgresStorage {
    PostgresStorage::new(pool(config(database.url())))
}

/// A store that may be behind a pooler which gives every transaction another connection.
pub fn pooled(url: &str) -> PostgresStorage {
    PostgresStorage::with(pool(config(url)), Statements::Unprepared)
}

/// Instead of the reply to a commit, which is one statement: the row that it brings.
pub fn reply_to_commit() -> Cut {
    Cut::before(Side::Server, b'D')
}
