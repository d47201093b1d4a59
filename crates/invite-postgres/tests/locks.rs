//! Writes outside of an organization's version, by several callers at once.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use chrono::DateTime;
use invite_core::{Invitee, UserId};
use invite_postgres_sql::STATEMENTS;
use invite_postgres_testing::Database;
use invite_storage::Storage;
use tokio_postgres::Client;
use uuid::Uuid;

const ROUNDS: usize = 40;
const KEYS: u32 = 400;

async fn deadlocks(client: &Client) -> i64 {
    let count = "select deadlocks from pg_stat_database where datname = current_database()";
    client.query_one(count, &[]).await.unwrap().get(0)
}

fn statement(name: &str) -> &'static str {
    STATEMENTS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// Runs each of two statements over the same keys, one after another and many times, at once.
async fn at_once(database: &Database, one: String, other: String) {
    let run = async |statement: String| {
        let client = database.connect().await.unwrap();
        for _ in 0..ROUNDS {
            client.batch_execute(&statement).await.unwrap_or_else(|error| panic!("{error:?}"));
        }
        // What this connection counted is seen by others.
        client.batch_execute("select pg_stat_force_next_flush()").await.unwrap();
        client.batch_execute("select 1").await.unwrap();
    };
    tokio::join!(run(one), run(other));
}

#[tokio::test]
async fn people_are_blocked_and_unblocked_at_once_in_any_order() {
    let database = server::database().await;
    let store = server::store(&database);
    let people = (0..KEYS).map(|n| Invitee::User(UserId::parse(format!("u{n}")).unwrap()));
    let people = people.collect::<Vec<_>>();
    let reversed = people.iter().rev().cloned().collect::<Vec<_>>();
    let run = async |people: &[Invitee], begins: usize| {
        for n in 0..ROUNDS {
            let since = DateTime::from_timestamp(7, 0).filter(|_| (n + begins).is_multiple_of(2));
            store.block_everywhere(people, since).await.unwrap_or_else(|error| panic!("{error:?}"));
        }
    };
    tokio::join!(run(&people, 0), run(&reversed, 0), run(&people, 1), run(&reversed, 1));
    // Two that unblock meet in the same rows.
    let client = database.connect().await.unwrap();
    let keys = |people: &[Invitee]| people.iter().map(Invitee::key).collect::<Vec<_>>().join(",");
    let fill = "insert into invite.blocks select k, null, now() from unnest(";
    let fill = format!("{fill}'{{{}}}'::text[]) as k on conflict do nothing", keys(&people));
    client.batch_execute(&fill).await.unwrap();
    let unblock = |people: &[Invitee]| {
        let prepare = format!("deallocate all; prepare unblock as {}", statement("DELETE_BLOCKS"));
        format!("{prepare}; begin; execute unblock('{{{}}}'); rollback", keys(people))
    };
    at_once(&database, unblock(&people), unblock(&reversed)).await;
    assert_eq!(deadlocks(&client).await, 0);
}

/// By a courier, who found their invitations gone, by another one, and by a commit that erases whom they were for.
#[tokio::test]
async fn deliveries_are_dropped_and_deleted_at_once_in_any_order() {
    let database = server::database().await;
    let client = database.connect().await.unwrap();
    // Those of an invitation lie in the order of their times, which is not that of their ids.
    let fill = format!(
        "insert into invite.deliveries (organization, id, invitation, revision, kind, state, due_at, created_at, lease,
            attempts)
        select 'acme', ('00000000-0000-0000-0000-' || lpad(to_hex(n), 12, '0'))::uuid, '{}', 1, 'invitation', 'queued',
            now(), now() - n * interval '1 second', 0, '[]'
        from generate_series(1, {KEYS}) as n; analyze invite.deliveries",
        Uuid::nil()
    );
    client.batch_execute(&fill).await.unwrap();
    let id = |n: u32| Uuid::from_u128(u128::from(n)).to_string();
    let ids = (1..=KEYS).map(id).collect::<Vec<_>>();
    let reversed = ids.iter().rev().cloned().collect::<Vec<_>>();
    let drop = |ids: &[String]| {
        let prepare = format!("deallocate all; prepare drop_them as {}", statement("DROP_DELIVERIES"));
        let organizations = vec!["acme"; ids.len()].join(",");
        format!(
            "{prepare}; begin; execute drop_them('{{{organizations}}}', '{{{}}}'); rollback",
            ids.join(",")
        )
    };
    let delete = format!(
        "deallocate all; prepare delete_them as {}; begin; execute delete_them('acme', array['{}']::uuid[]); rollback",
        statement("DELETE_DELIVERIES"),
        Uuid::nil()
    );
    at_once(&database, drop(&ids), drop(&reversed)).await;
    at_once(&database, drop(&ids), delete.clone()).await;
    at_once(&database, drop(&reversed), delete).await;
    assert_eq!(deadlocks(&client).await, 0);
}
