//! Every test has a database of its own, and migrations run once.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use invite_postgres_testing::{Options, SERVER_VARIABLE, Server, connect};

const SCHEMA: &str = "create table t (n bigint primary key)";

async fn count(url: &str, what: &str) -> i64 {
    let row = connect(url).await.unwrap().query_one(&format!("select count(*) from {what}"), &[]).await;
    row.unwrap().get(0)
}

#[tokio::test]
async fn each_test_has_its_own_and_the_migrations_run_once() {
    let server = Server::shared().unwrap();
    let runs = AtomicUsize::new(0);
    // The text is of this test alone.
    let schema = format!("{SCHEMA}; -- {}", std::process::id());
    let database = async || {
        let migrate = async |url: String| {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok(connect(&url).await?.batch_execute(&schema).await?)
        };
        server.database(&schema, migrate).await.unwrap()
    };
    let (one, other) = tokio::join!(database(), database());
    let third = database().await;
    one.connect().await.unwrap().execute("insert into t values (1)", &[]).await.unwrap();
    assert_eq!(count(one.url(), "t").await, 1);
    assert_eq!(count(other.url(), "t").await, 0);
    assert_eq!(count(third.url(), "t").await, 0);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn other_migrations_make_another_template() {
    let server = Server::shared().unwrap();
    for table in ["a", "b"] {
        let schema = format!("create table {table} (n bigint)");
        let migrate = async |url: String| Ok(connect(&url).await?.batch_execute(&schema).await?);
        let database = server.database(&schema, migrate).await.unwrap();
        assert_eq!(count(database.url(), table).await, 0);
    }
}

#[tokio::test]
async fn a_database_goes_with_its_value_though_somebody_is_connected() {
    let server = Server::shared().unwrap();
    let database = server.empty_database().await.unwrap();
    let client = database.connect().await.unwrap();
    let there = format!("pg_database where datname = '{}'", database.name());
    assert_eq!(count(server.url(), &there).await, 1);
    drop(database);
    assert_eq!(count(server.url(), &there).await, 0);
    client.execute("select 1", &[]).await.unwrap_err();
}

#[tokio::test]
async fn migrations_that_fail_leave_no_template() {
    let server = Server::start(Options::new()).unwrap();
    let fails = async |url: String| {
        connect(&url).await?.batch_execute("create table half (n bigint)").await?;
        Err("no more".into())
    };
    let error = server.database(SCHEMA, fails).await.unwrap_err();
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "no more");
    let migrate = async |url: String| Ok(connect(&url).await?.batch_execute(SCHEMA).await?);
    let database = server.database(SCHEMA, migrate).await.unwrap();
    assert_eq!(count(database.url(), "t").await, 0);
    assert_eq!(count(database.url(), "pg_class where relname = 'half'").await, 0);
}

#[tokio::test]
async fn processes_share_a_server_and_its_template() {
    let server = Server::start(Options::new()).unwrap();
    let client = connect(server.url()).await.unwrap();
    client.batch_execute("create table runs (n bigint)").await.unwrap();
    let process = |_| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "uses_a_given_server", "--ignored"]).env(SERVER_VARIABLE, server.url());
        command.stdout(Stdio::null());
        command.spawn().unwrap()
    };
    let processes: Vec<_> = (0..4).map(process).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_eq!(count(server.url(), "runs").await, 1);
    assert_eq!(count(server.url(), "pg_database where datname like 'invite\\_test\\_%'").await, 0);
    assert_eq!(count(server.url(), "pg_database where datname like 'invite\\_template\\_%'").await, 1);
}

#[tokio::test]
#[ignore = "run by another test, with a server"]
async fn uses_a_given_server() {
    let server = Server::shared().unwrap();
    let migrate = async |url: String| {
        connect(server.url()).await?.batch_execute("insert into runs values (1)").await?;
        Ok(connect(&url).await?.batch_execute(SCHEMA).await?)
    };
    let database = server.database(SCHEMA, migrate).await.unwrap();
    database.connect().await.unwrap().execute("insert into t values (1)", &[]).await.unwrap();
    assert_eq!(count(database.url(), "t").await, 1);
}
