//! How many answers of the server a call waits for, one after the other.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use invite_conformance::storage::rows::*;
use invite_core::{CommitId, Reads};
use invite_postgres_sqlx::{PostgresStorage, Statements};
use invite_postgres_testing::{Cut, Proxy, Side};
use invite_storage::Storage;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// A store with one connection, and something on the way that cuts it.
struct Afar {
    store: PostgresStorage,
    pool: PgPool,
    proxy: Proxy,
}

impl Afar {
    /// The call fails if any answer is cut that it waits for, and else comes to its end: so they are counted.
    async fn trips(&self, call: impl AsyncFn() -> bool) -> usize {
        for answers in 1..20 {
            self.proxy.arm(Cut::after_bytes(usize::MAX));
            assert!(call().await, "the connection is there, and its statements are prepared");
            while self.pool.num_idle() == 0 {
                tokio::task::yield_now().await;
            }
            self.proxy.arm(Cut::before(Side::Server, b'Z').nth(answers));
            if call().await {
                return answers - 1;
            }
        }
        panic!("it never comes to its end");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_waits_for_its_begin_and_each_statement_and_its_commit() {
    let database = server::database().await;
    let near = server::store(&database);
    created(&near, &[], &[member("ada", 0)]).await;
    for (statements, expected) in [
        // One statement each, of which a commit has a transaction around it.
        (Statements::Prepared, [1, 3, 1]),
        (Statements::Unprepared, [3, 4, 3]),
    ] {
        // A ping that is cut is made up for by another connection.
        let options = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
        let proxy = Proxy::before(database.url()).await.unwrap();
        let pool = options.connect_lazy_with(server::config(proxy.url()));
        let store = PostgresStorage::with(pool.clone(), statements);
        let afar = Afar { store, pool, proxy };
        let store = &afar.store;
        let reads = Reads::new().member(user("ada"));
        let load = afar.trips(async || store.load(&acme(), &reads, at(0)).await.is_ok()).await;
        let commit =
            afar.trips(async || store.commit(&on(&current(&near, &acme()).await)).await.is_ok()).await;
        let id = CommitId::from_uuid(uuid::Uuid::nil());
        let find = afar.trips(async || store.find_commit(&acme(), id).await.is_ok()).await;
        assert_eq!([load, commit, find], expected, "{statements:?}");
    }
}
