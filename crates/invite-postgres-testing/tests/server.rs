//! Servers start, stop, are killed and go with whoever started them.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use invite_postgres_testing::{Binaries, Options, Server, connect};

async fn answer(server: &Server, query: &str) -> String {
    let rows = connect(server.url()).await.unwrap().simple_query(query).await.unwrap();
    let row = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap().to_owned()
}

/// The folder that a server lies in.
async fn folder(server: &Server) -> PathBuf {
    PathBuf::from(answer(server, "show data_directory").await).parent().unwrap().to_owned()
}

/// Waits for another process.
fn comes_true(what: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if what() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

#[tokio::test]
async fn a_server_is_gone_with_its_value() {
    let server = Server::start(Options::new()).unwrap();
    assert_eq!(answer(&server, "show fsync").await, "off");
    assert!(answer(&server, "show max_connections").await.parse::<u32>().unwrap() >= 400);
    let (folder, url) = (folder(&server).await, server.url().to_owned());
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists());
    connect(&url).await.unwrap_err();
}

#[tokio::test]
async fn every_installed_version_starts() {
    let majors: BTreeSet<u32> = Binaries::all().unwrap().iter().map(Binaries::major).collect();
    assert!(!majors.is_empty());
    for major in majors {
        let server = Server::start(Options::new().version(major)).unwrap();
        let said = answer(&server, "show server_version_num").await.parse::<u32>().unwrap();
        assert_eq!(said / 10_000, major);
        let database = server.empty_database().await.unwrap();
        database.connect().await.unwrap().batch_execute("create table t (n bigint)").await.unwrap();
    }
}

#[test]
fn a_version_that_is_not_there_is_asked_for_in_one_sentence() {
    let error = Server::start(Options::new().version(8)).unwrap_err().to_string();
    assert!(
        error.starts_with("Postgres 8 is not installed")
            && error.contains("cargo xtask postgres --version 8")
    );
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_kill_and_after_a_stop() {
    let within = tempfile::tempdir_in("/tmp").unwrap();
    open_to_all(within.path());
    let options = Options::new().durable().within(within.path()).set("work_mem", "5MB");
    let server = Server::start(options).unwrap();
    assert_eq!(answer(&server, "show fsync").await, "on");
    assert_eq!(answer(&server, "show synchronous_commit").await, "on");
    assert!(folder(&server).await.starts_with(within.path()));
    let client = connect(server.url()).await.unwrap();
    client.batch_execute("create table t (n bigint); insert into t values (1)").await.unwrap();
    server.kill().unwrap();
    connect(server.url()).await.unwrap_err();
    client.batch_execute("insert into t values (2)").await.unwrap_err();
    server.start_again().unwrap();
    assert_eq!(answer(&server, "select count(*) from t").await, "1");
    server.stop().unwrap();
    connect(server.url()).await.unwrap_err();
    server.start_again().unwrap();
    assert_eq!(answer(&server, "select count(*) from t").await, "1");
    assert_eq!(answer(&server, "show work_mem").await, "5MB");
}

#[tokio::test]
async fn a_server_starts_again_though_sessions_of_the_killed_one_go_on() {
    let server = Server::start(Options::new()).unwrap();
    let client = connect(server.url()).await.unwrap();
    let busy = tokio::spawn(async move {
        client.batch_execute("select sum(n) from generate_series(1, 3000000) n").await
    });
    let active = "select count(*) from pg_stat_activity where query like '%generate_series%' and pid <> pg_backend_pid()";
    while answer(&server, active).await == "0" {}
    server.kill().unwrap();
    server.start_again().unwrap();
    assert_eq!(answer(&server, "select 1").await, "1");
    // Whether it came to its end is not ours to say.
    let _ = busy.await.unwrap();
}

#[tokio::test]
async fn sessions_are_killed_with_their_server() {
    let server = Server::start(Options::new().durable()).unwrap();
    let client = connect(server.url()).await.unwrap();
    let writing =
        answer(&server, "select pid from pg_stat_activity where backend_type = 'checkpointer'").await;
    let busy = tokio::spawn(async move {
        client.batch_execute("select sum(n) from generate_series(1, 1000000000) n").await
    });
    let active = "select coalesce(min(pid), 0) from pg_stat_activity
        where query like '%generate_series%' and pid <> pg_backend_pid()";
    let mut working = "0".to_owned();
    while working == "0" {
        working = answer(&server, active).await;
    }
    assert!(runs(&writing) && runs(&working));
    server.kill_all().unwrap();
    busy.await.unwrap().unwrap_err();
    assert!(comes_true(|| !runs(&writing) && !runs(&working)));
    server.start_again().unwrap();
    assert_eq!(answer(&server, "select 1").await, "1");
}

#[tokio::test]
async fn a_server_starts_again_as_soon_as_its_port_is_free() {
    let server = Server::start(Options::new()).unwrap();
    let log = folder(&server).await.join("postgres.log");
    let port = answer(&server, "show port").await.parse::<u16>().unwrap();
    server.stop().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    thread::scope(|scope| {
        let starting = scope.spawn(|| server.start_again());
        assert!(comes_true(|| fs::read_to_string(&log).unwrap().contains("Address already in use")));
        drop(taken);
        starting.join().unwrap().unwrap();
    });
    assert_eq!(answer(&server, "show port").await, port.to_string());
}

#[tokio::test]
async fn nothing_is_left_of_a_server_that_was_killed() {
    let server = Server::start(Options::new()).unwrap();
    let folder = folder(&server).await;
    let file = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap();
    let shared = file.lines().nth(6).unwrap().split_whitespace().nth(1).unwrap().to_owned();
    let is_shared = || {
        let said = Command::new("ipcs").arg("-m").output().unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        said.lines().any(|line| line.split_whitespace().nth(1) == Some(&shared))
    };
    assert!(is_shared());
    server.kill().unwrap();
    drop(server);
    assert!(!folder.exists());
    assert!(comes_true(|| !is_shared()));
}

#[tokio::test]
async fn nobody_gets_in_without_the_password() {
    let server = Server::start(Options::new()).unwrap();
    let (user, rest) = server.url().rsplit_once('@').unwrap();
    let (user, password) = user.rsplit_once(':').unwrap();
    assert_eq!(password.len(), 32);
    connect(&format!("{user}@{rest}")).await.unwrap_err();
    connect(&format!("{user}:{}@{rest}", "0".repeat(32))).await.unwrap_err();
}

#[test]
fn a_given_server_is_not_stopped() {
    let server = Server::given("postgres://postgres@127.0.0.1:1/postgres");
    for refused in [server.stop(), server.kill(), server.kill_all(), server.start_again()] {
        refused.unwrap_err();
    }
}

#[test]
fn nothing_is_left_of_a_process_that_was_killed() {
    let mut child = again("holds_a_server", &[]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let folder =
        PathBuf::from(lines.find_map(|line| line.split("folder=").nth(1).map(str::to_owned)).unwrap());
    let pid = fs::read_to_string(folder.join("postgres.pid")).unwrap();
    assert!(runs(pid.trim()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(comes_true(|| !folder.exists() && !runs(pid.trim())));
}

#[tokio::test]
#[ignore = "run and killed by another test"]
async fn holds_a_server() {
    let server = Server::start(Options::new()).unwrap();
    println!("folder={}", folder(&server).await.display());
    std::future::pending().await
}

#[test]
fn what_was_left_together_with_its_janitor_is_removed() {
    let within = tempfile::tempdir_in("/tmp").unwrap();
    open_to_all(within.path());
    let mut gone = Command::new("true").spawn().unwrap();
    let pid = gone.id();
    gone.wait().unwrap();
    let left = within.path().join(format!("invite-postgres-{pid}-left"));
    let other = within.path().join("invite-postgres-notes");
    fs::create_dir_all(left.join("data")).unwrap();
    fs::create_dir(&other).unwrap();
    let mut server = Command::new("sh");
    let server = server.args(["-c", "read -r _; :", "postgres"]).arg(&left).stdin(Stdio::piped());
    let mut server = server.spawn().unwrap();
    fs::write(left.join("postgres.pid"), server.id().to_string()).unwrap();
    let new = Server::start(Options::new().within(within.path())).unwrap();
    assert!(comes_true(|| !left.exists()));
    assert!(!server.wait().unwrap().success());
    assert!(other.exists());
    drop(new);
}

/// One test of this program in a process of its own.
fn again(test: &str, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]).envs(variables.iter().copied());
    command.stdout(Stdio::piped()).spawn().unwrap()
}

fn runs(pid: &str) -> bool {
    let status = Command::new("sh").args(["-c", "kill -0 $1", "kill", pid]).stderr(Stdio::null()).status();
    status.unwrap().success()
}

/// Servers of root run as another user.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}
