//! Databases for tests, and pools over them.

use std::time::Duration;

use invite_postgres_sqlx::{PostgresStorage, Statements};
use invite_postgres_testing::{Cut, Database, Server};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

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
        pool.close().await;
        Ok(migrated?)
    };
    server.database_in(locale, TABLES, migrate).await.unwrap()
}

pub fn config(url: &str) -> PgConnectOptions {
    url.parse().unwrap()
}

pub fn pool(config: PgConnectOptions) -> PgPool {
    pool_of(config, 16, Duration::from_secs(30))
}

pub fn pool_of(config: PgConnectOptions, connections: u32, wait: Duration) -> PgPool {
    PgPoolOptions::new().max_connections(connections).acquire_timeout(wait).connect_lazy_with(config)
}

pub fn store(database: &Database) -> PostgresStorage {
    PostgresStorage::new(pool(config(database.url())))
}

/// A store that may be behind a pooler which gives every transaction another connection.
pub fn pooled(url: &str) -> PostgresStorage {
    PostgresStorage::with(pool(config(url)), Statements::Unprepared)
}

/// Instead of the reply to a commit.
pub fn reply_to_commit() -> Cut {
    Cut::reply_to_commit()
}
