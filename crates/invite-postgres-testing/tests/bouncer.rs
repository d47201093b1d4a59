//! PgBouncer gives each transaction a connection, and goes with its value.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use invite_postgres_testing::{Bouncer, Options, Proxy, SERVER_VARIABLE, Server, connect};
use tokio_postgres::Client;

async fn session(client: &Client) -> i32 {
    client.query_typed("select pg_backend_pid()", &[]).await.unwrap().first().unwrap().get(0)
}

#[tokio::test]
async fn clients_share_one_connection_by_transactions() {
    let server = Server::shared().unwrap();
    let database = server.empty_database().await.unwrap();
    let bouncer = Bouncer::before(server, 1).unwrap();
    let url = bouncer.url(&database);
    let (one, other) = (connect(&url).await.unwrap(), connect(&url).await.unwrap());
    let sessions = BTreeSet::from([session(&one).await, session(&other).await, session(&one).await]);
    assert_eq!(sessions.len(), 1);
    // With one connection, the other transaction begins when the first has ended.
    one.batch_execute("begin; create table t (n bigint); insert into t values (1)").await.unwrap();
    let (count, ended) =
        tokio::join!(other.query_typed("select count(*) from t", &[]), one.batch_execute("commit"));
    ended.unwrap();
    assert_eq!(count.unwrap().first().unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn each_transaction_gets_a_connection() {
    let server = Server::shared().unwrap();
    let database = server.empty_database().await.unwrap();
    let bouncer = Bouncer::before(server, 2).unwrap();
    let url = bouncer.url(&database);
    let (one, other) = (connect(&url).await.unwrap(), connect(&url).await.unwrap());
    one.batch_execute("begin").await.unwrap();
    other.batch_execute("begin").await.unwrap();
    assert_ne!(session(&one).await, session(&other).await);
}

#[tokio::test]
async fn nobody_gets_through_without_the_password() {
    let server = Server::start(Options::new()).unwrap();
    let database = server.empty_database().await.unwrap();
    let bouncer = Bouncer::before(&server, 1).unwrap();
    let url = bouncer.url(&database);
    connect(&url).await.unwrap();
    let (user, rest) = url.rsplit_once('@').unwrap();
    let (user, _) = user.rsplit_once(':').unwrap();
    connect(&format!("{user}:{}@{rest}", "0".repeat(32))).await.unwrap_err();
}

#[tokio::test]
async fn it_is_gone_with_its_value() {
    let server = Server::shared().unwrap();
    let database = server.empty_database().await.unwrap();
    let bouncer = Bouncer::before(server, 1).unwrap();
    let proxy = Proxy::before(&bouncer.url(&database)).await.unwrap();
    let client = connect(proxy.url()).await.unwrap();
    client.batch_execute("select 1").await.unwrap();
    drop(bouncer);
    client.batch_execute("select 1").await.unwrap_err();
    connect(proxy.url()).await.unwrap_err();
}

#[test]
fn it_is_gone_with_a_process_that_was_killed() {
    let server = Server::shared().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "holds_a_bouncer", "--ignored", "--nocapture"])
        .env(SERVER_VARIABLE, server.url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let port: u16 = lines.find_map(|line| line.split("port=").nth(1)?.parse().ok()).unwrap();
    let answers = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    assert!(answers());
    child.kill().unwrap();
    child.wait().unwrap();
    let start = Instant::now();
    while answers() {
        assert!(start.elapsed() < Duration::from_secs(30));
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
#[ignore = "run and killed by another test"]
async fn holds_a_bouncer() {
    let server = Server::shared().unwrap();
    let database = server.empty_database().await.unwrap();
    let bouncer = Bouncer::before(server, 1).unwrap();
    let url = bouncer.url(&database);
    println!("port={}", url.rsplit_once(':').unwrap().1.split('/').next().unwrap());
    std::future::pending().await
}
