//! The contract asked of Postgres.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use std::sync::LazyLock;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use futures_util::TryStreamExt as _;
use invite_conformance::storage::{Fixture, Row, run};
use invite_core::OrganizationId;
use invite_postgres::{PostgresStorage, Statements};
use invite_postgres_testing::{Binaries, Bouncer, Cut, Options, Proxy, Server};
use invite_storage::Storage;
use tokio::sync::OnceCell;
use tokio_postgres::Config;

/// A database of its own on the server, which another process may use as well, and the next one after this.
struct Database {
    server: &'static Server,
    database: invite_postgres_testing::Database,
    config: Config,
    statements: Statements,
    pool: Pool,
    store: PostgresStorage,
    proxy: Option<Proxy>,
}

impl Database {
    async fn of(statements: Statements, options: &str) -> Self {
        Self::on(Server::shared().unwrap(), "", statements, options).await
    }

    async fn on(server: &'static Server, locale: &str, statements: Statements, options: &str) -> Self {
        let database = server::database_on(server, locale).await;
        let mut config = server::config(database.url());
        config.options(options);
        let pool = server::pool(config.clone());
        let store = PostgresStorage::with(pool.clone(), statements);
        Self { server, database, config, statements, pool, store, proxy: None }
    }

    /// Behind a pooler that gives every transaction another connection.
    async fn bounced() -> Self {
        static BOUNCER: LazyLock<Bouncer> =
            LazyLock::new(|| Bouncer::before(Server::shared().unwrap(), 4).unwrap());
        let near = Self::of(Statements::Unprepared, "").await;
        let config = server::config(&BOUNCER.url(&near.database));
        let pool = server::pool(config.clone());
        let store = PostgresStorage::with(pool.clone(), Statements::Unprepared);
        Self { config, pool, store, ..near }
    }

    /// On a server of another version than the one that all tests share: the newest that is installed.
    async fn of_another_version() -> Self {
        static ANOTHER: OnceCell<Server> = OnceCell::const_new();
        let start = async || {
            let client = invite_postgres_testing::connect(Server::shared().unwrap().url()).await.unwrap();
            let version = "select current_setting('server_version_num')::int / 10000";
            let shared: i32 = client.query_one(version, &[]).await.unwrap().get(0);
            let majors = Binaries::all().unwrap();
            let majors =
                majors.iter().map(Binaries::major).filter(|major| i64::from(*major) != i64::from(shared));
            let newest = majors
                .max()
                .unwrap_or_else(|| panic!("`cargo xtask postgres` installs a second version of Postgres"));
            tokio::task::spawn_blocking(move || Server::start(Options::new().version(newest)).unwrap())
                .await
                .unwrap()
        };
        Self::on(ANOTHER.get_or_init(start).await, "", Statements::Prepared, "").await
    }

    /// Where texts are ordered as in a dictionary, and upper case is next to lower case.
    async fn collated() -> Self {
        let locale = "encoding 'UTF8' locale_provider icu icu_locale 'de' lc_collate 'C' lc_ctype 'C'";
        let near = Self::on(Server::shared().unwrap(), locale, Statements::Prepared, "").await;
        let client = near.database.connect().await.unwrap();
        let is_other = client.query_one("select 'a' < 'B'", &[]).await.unwrap().get::<_, bool>(0);
        assert!(is_other, "the order of the database is not that of bytes");
        near
    }

    /// With something on the way that loses replies.
    async fn afar() -> Self {
        let near = Self::of(Statements::Prepared, "").await;
        let proxy = Proxy::before(near.database.url()).await.unwrap();
        let config = server::config(proxy.url());
        let pool = server::pool(config.clone());
        // By itself, a commit is told from what is written in a unit.
        let store = PostgresStorage::new(pool.clone()).routed();
        Self { config, pool, store, proxy: Some(proxy), ..near }
    }
}

#[async_trait]
impl Fixture for Database {
    fn storage(&self) -> &dyn Storage {
        &self.store
    }

    async fn another(&self) -> Option<Box<dyn Storage>> {
        Some(Box::new(PostgresStorage::with(server::pool(self.config.clone()), self.statements)))
    }

    async fn reopen(&mut self) -> bool {
        self.pool.close();
        self.pool = server::pool(self.config.clone());
        self.store = PostgresStorage::with(self.pool.clone(), self.statements);
        true
    }

    /// All columns as they are kept.
    async fn stored(&self) -> Option<Vec<u8>> {
        let client = self.database.connect().await.unwrap();
        let tables = "select tablename::text from pg_tables where schemaname = 'invite'";
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
        let maintenance = invite_postgres_testing::connect(self.server.url()).await.unwrap();
        let name = self.database.name();
        let close = format!("alter database {name} allow_connections false");
        maintenance.batch_execute(&close).await.unwrap();
        let leave = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
        maintenance.execute(leave, &[&name]).await.unwrap();
        true
    }

    async fn lose_reply(&self) -> bool {
        let Some(proxy) = &self.proxy else { return false };
        proxy.arm(Cut::reply_to_commit());
        true
    }

    async fn damage(&self, organization: &OrganizationId, row: &Row) -> bool {
        let client = self.database.connect().await.unwrap();
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
        except unknown_is_said: "nothing on the way loses a reply: `afar` has something there"
    }
}

mod unprepared {
    use super::*;
    invite_conformance::storage! {
        Database::of(Statements::Unprepared, "").await;
        except unknown_is_said: "nothing on the way loses a reply: `afar` has something there"
    }
}

mod serializable {
    use super::*;
    invite_conformance::storage! {
        Database::of(Statements::Prepared, "-c default_transaction_isolation=serializable").await;
        except unknown_is_said: "nothing on the way loses a reply: `afar` has something there"
    }
}

/// The whole contract, once.
mod of_another_version {
    use super::*;
    invite_conformance::storage! {
        Database::of_another_version().await;
        except unknown_is_said: "nothing on the way loses a reply: `afar` has something there"
    }
}

mod afar {
    use super::*;

    #[test]
    fn unknown_is_said() {
        run("unknown_is_said", Database::afar());
    }
}

macro_rules! cases {
    ($made:expr; $($case:ident)+) => {
        $(#[test]
        fn $case() {
            run(stringify!($case), $made);
        })+
    };
}

/// A few cases that would notice statements of one transaction on several connections, or those of others on one.
mod bounced {
    use super::*;

    cases! { Database::bounced();
        load_closes_over_what_is_found
        load_is_one_version_while_others_write
        version_guards_in_a_race_of_two_handles
        all_or_nothing_when_the_caller_is_gone
        insert_is_not_put
        values_come_back
        exclusive_waits_for_another_handle
        exclusive_is_current_among_many
        dropped_is_rolled_back_half_way
        dropped_is_rolled_back_and_unseen_before
        one_holds_a_lease_in_a_race
    }
}

/// Cases that would notice an order that is not that of bytes, or texts that are equal to others.
mod collated {
    use super::*;

    cases! { Database::collated();
        tenants_are_apart
        insert_is_not_put
        one_place_one_invitation
        values_come_back
        values_come_back_at_the_extremes
        values_come_back_in_every_variant
        lists_are_ordered
        lists_are_ordered_byte_by_byte
        lists_are_ordered_and_filtered
        lists_are_ordered_of_groups_and_links
        lists_are_ordered_of_requests
        lists_are_ordered_in_random_histories
        pages_meet
        pages_meet_at_any_position
        pages_meet_over_cursors
        pages_meet_for_requests
        inbox_crosses_organizations_as_memberships_do
        closing_is_what_names_it_and_whether_there_is_more
        circles_are_who_is_together
        past_is_what_ended_and_whether_there_is_more
        holders_are_found
    }
}
