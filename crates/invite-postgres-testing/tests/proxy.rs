//! Connections through a proxy are cut where they should be, and what the server did by then stands.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use invite_postgres_testing::{Cut, Database, Proxy, Server, Side, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

const SCHEMA: &str = "create table t (n bigint primary key)";

async fn database() -> Database {
    let migrate = async |url: String| Ok(connect(&url).await?.batch_execute(SCHEMA).await?);
    Server::shared().unwrap().database(SCHEMA, migrate).await.unwrap()
}

/// What is committed, asked past the proxy, once nobody else is at work.
async fn committed(database: &Database) -> Vec<i64> {
    let client = database.connect().await.unwrap();
    let others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
    while client.query_one(others, &[]).await.unwrap().get::<_, i64>(0) > 0 {}
    client.query("select n from t order by n", &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn everything_passes_until_it_is_told_otherwise() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    let long = "x".repeat(1_000_000);
    let row = client.query_one("select $1::text || $1::text", &[&long]).await.unwrap();
    assert_eq!(row.get::<_, String>(0).len(), 2_000_000);
    assert_eq!(proxy.fired(), 0);
}

#[tokio::test]
async fn all_connections_are_cut_at_once_and_others_are_made() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let (one, other) = (connect(proxy.url()).await.unwrap(), connect(proxy.url()).await.unwrap());
    one.batch_execute("begin; insert into t values (1)").await.unwrap();
    proxy.cut().await;
    one.batch_execute("commit").await.unwrap_err();
    other.batch_execute("select 1").await.unwrap_err();
    let third = connect(proxy.url()).await.unwrap();
    third.batch_execute("insert into t values (3)").await.unwrap();
    drop(third);
    assert_eq!(committed(&database).await, [3]);
}

#[tokio::test]
async fn a_commit_whose_reply_is_lost_was_done() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    proxy.arm(Cut::reply_to_commit().nth(2));
    client.batch_execute("begin; insert into t values (1); commit").await.unwrap();
    client.batch_execute("begin; insert into t values (2)").await.unwrap();
    assert_eq!(proxy.fired(), 0);
    let error = client.batch_execute("commit").await.unwrap_err();
    assert!(error.code().is_none(), "the server has refused nothing: {error}");
    assert_eq!(proxy.fired(), 1);
    assert_eq!(committed(&database).await, [1, 2]);
    connect(proxy.url()).await.unwrap().batch_execute("begin; commit").await.unwrap();
    assert_eq!(proxy.fired(), 1, "once");
}

#[tokio::test]
async fn a_statement_by_itself_was_done_when_the_server_is_ready() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    proxy.arm(Cut::before(Side::Server, b'Z'));
    client.execute_typed("insert into t values (1)", &[]).await.unwrap_err();
    assert_eq!(committed(&database).await, [1]);
}

#[tokio::test]
async fn a_commit_that_never_arrives_was_not_done() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    proxy.arm(Cut::before(Side::Client, b'Q').with_text("commit"));
    client.batch_execute("begin; insert into t values (1)").await.unwrap();
    client.batch_execute("commit").await.unwrap_err();
    assert_eq!(proxy.fired(), 1);
    assert_eq!(committed(&database).await, [0; 0]);
}

#[tokio::test]
async fn after_some_bytes_the_rest_is_not_heard() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    for bytes in [0, 1, 20, 60] {
        let client = connect(proxy.url()).await.unwrap();
        proxy.arm(Cut::after_bytes(bytes));
        client
            .batch_execute(&format!("insert into t values ({bytes}) -- {}", "long ".repeat(9)))
            .await
            .unwrap_err();
    }
    assert_eq!(proxy.fired(), 4);
    assert_eq!(committed(&database).await, [0; 0]);
    proxy.arm(Cut::after_bytes(4));
    connect(proxy.url()).await.unwrap_err();
    assert_eq!(proxy.fired(), 5, "the first message counts");
}

#[tokio::test]
async fn new_connections_are_refused_and_others_stay() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    proxy.refuse().await;
    connect(proxy.url()).await.unwrap_err();
    client.batch_execute("insert into t values (1)").await.unwrap();
    proxy.admit().await.unwrap();
    connect(proxy.url()).await.unwrap().batch_execute("insert into t values (2)").await.unwrap();
    drop(client);
    assert_eq!(committed(&database).await, [1, 2]);
}

#[tokio::test]
async fn a_round_trip_takes_both_delays_and_what_is_pipelined_too() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    let delay = Duration::from_millis(500);
    proxy.delay(delay);
    let start = Instant::now();
    client.batch_execute("select 1").await.unwrap();
    let one = start.elapsed();
    assert!(one >= 2 * delay, "{one:?}");
    let start = Instant::now();
    tokio::try_join!(
        client.batch_execute("select 1"),
        client.batch_execute("select 2"),
        client.batch_execute("select 3"),
    )
    .unwrap();
    let three = start.elapsed();
    assert!((2 * delay..6 * delay).contains(&three), "{three:?}");
}

#[tokio::test]
async fn what_has_passed_before_a_cut_arrives() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    proxy.arm(Cut::after(Side::Server, b'Z').nth(2));
    client.batch_execute("insert into t values (1)").await.unwrap();
    client.batch_execute("insert into t values (2)").await.unwrap();
    client.batch_execute("insert into t values (3)").await.unwrap_err();
    assert_eq!(committed(&database).await, [1, 2]);
}

#[tokio::test]
async fn who_asks_for_encryption_is_told_that_there_is_none() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let port = proxy.url().rsplit_once(':').unwrap().1.split('/').next().unwrap().parse::<u16>().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'N');
}

#[tokio::test]
async fn a_proxy_is_gone_with_its_value() {
    let database = database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let url = proxy.url().to_owned();
    let client = connect(&url).await.unwrap();
    drop(proxy);
    client.batch_execute("select 1").await.unwrap_err();
    connect(&url).await.unwrap_err();
}
