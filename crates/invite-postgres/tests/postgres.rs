//! The contract asked of Postgres, and what only a server can show.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of two test programs")]
mod server;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use futures_util::TryStreamExt as _;
use invite_conformance::storage::{Fixture, Row};
use invite_core::OrganizationId;
use invite_postgres::{PostgresStorage, Statements};
use invite_storage::Storage;
use tokio_postgres::Config;

/// A database of its own on the server, which another process may use as well, and the next one after this.
struct Database {
    config: Config,
    statements: Statements,
    pool: Pool,
    store: PostgresStorage,
}

impl Database {
    async fn of(statements: Statements, options: &str) -> Self {
        let mut config = server::migrated().await;
        config.options(options);
        let pool = server::pool(&config);
        Self { store: PostgresStorage::with(pool.clone(), statements), pool, statements, config }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.pool.close();
    }
}

#[async_trait]
impl Fixture for Database {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    async fn another(&self) -> Option<Box<dyn Storage>> {
        Some(Box::new(PostgresStorage::with(server::pool(&self.config), self.statements)))
    }

    async fn reopen(&mut self) -> bool {
        self.pool.close();
        self.pool = server::pool(&self.config);
        self.store = PostgresStorage::with(self.pool.clone(), self.statements);
        true
    }

    /// All columns as they are kept.
    async fn stored(&self) -> Option<Vec<u8>> {
        let client = server::connect(&self.config).await;
        let tables = "select tablename from pg_tables where schemaname = 'invite'";
        let mut stored = Vec::new();
        for table in client.query(tables, &[]).await.unwrap() {
            let copy = format!("copy invite.{} to stdout (format binary)", table.get::<_, &str>(0));
            let copied = client.copy_out(&copy).await.unwrap();
            stored.extend(copied.try_collect::<Vec<_>>().await.unwrap().into_iter().flatten());
        }
        Some(stored)
    }

    /// Nobody gets in any more, and whoever is in is thrown out.
    async fn cut(&self) -> bool {
        let admin = server::connect(&server::server()).await;
        let name = self.config.get_dbname().unwrap();
        admin.batch_execute(&format!("alter database {name} allow_connections false")).await.unwrap();
        let leave = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        admin.execute(leave, &[&name]).await.unwrap();
        true
    }

    async fn damage(&self, organization: &OrganizationId, row: &Row) -> bool {
        let client = server::connect(&self.config).await;
        let organization = organization.as_str();
        let damage = |table: &str, column: &str, key: &str| {
            format!(
                "update invite.{table} set {column} = '{{}}' where organization = $1 and {key}::text = $2"
            )
        };
        let (sql, key) = match row {
            Row::Invitation(id) => (damage("invitations", "grants", "id"), id.to_string()),
            Row::Member(user) => (damage("members", "grants", "user_id"), user.to_string()),
            Row::Request(id) => (damage("requests", "grants", "id"), id.to_string()),
            Row::Delivery(id) => (damage("deliveries", "attempts", "id"), id.to_string()),
        };
        client.execute(&sql, &[&organization, &key]).await.unwrap() == 1
    }
}

mod prepared {
    use super::*;
    invite_conformance::storage! {
        Database::of(Statements::Prepared, "").await;
        except unknown_is_said: "a reply is lost on the way: `a_lost_reply_is_told` puts something there"
    }
}

mod unprepared {
    use super::*;
    invite_conformance::storage! {
        Database::of(Statements::Unprepared, "").await;
        except unknown_is_said: "a reply is lost on the way: `a_lost_reply_is_told` puts something there"
    }
}

mod serializable {
    use super::*;
    invite_conformance::storage! {
        Database::of(Statements::Prepared, "-c default_transaction_isolation=serializable").await;
        except unknown_is_said: "a reply is lost on the way: `a_lost_reply_is_told` puts something there"
    }
}
