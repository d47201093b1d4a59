//! What the program says, and that it goes on where it was.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::process::{Command, Output};

use serde_json::Value;

fn follow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_follow-events")).args(arguments).output().unwrap()
}

fn sequences(printed: &str) -> Vec<u64> {
    let events = printed.lines().map(str::trim).filter(|line| line.starts_with('{'));
    events.map(|line| serde_json::from_str::<Value>(line).unwrap()["sequence"].as_u64().unwrap()).collect()
}

#[test]
fn each_event_is_taken_in_order_and_one_that_failed_again_with_those_of_its_batch() {
    let output = follow(&[]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert_eq!(sequences(&printed), [1, 2, 3, 3, 4, 5, 6]);
    assert!(printed.contains("the webhook does not answer") && printed.contains("nothing new: 0 events"));
    assert!(!printed.contains("bob@example.com"), "the log masks addresses (PRI-4)");
}

#[tokio::test]
async fn a_run_prints_what_came_since_the_last_one_and_what_is_no_position_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let (database, position) = (path("host.db"), path("position"));
    let storage = invite_sqlite::SqliteStorage::open(&database).unwrap();
    storage.migrate().await.unwrap();
    let service =
        invite::Invitations::builder(storage, invite::AccessModel::preset(), invite::Keyring::ephemeral());
    let service = service.base_url("https://app.example/join").build().unwrap();
    let plan = || invite::Plan::seats("team", 300);
    let acme = service.create_organization("acme", "Acme", "ada", plan()).await.unwrap().by("ada");
    let run = || {
        let output = follow(&[&database, "acme", &position]);
        assert!(output.status.success());
        sequences(&String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(run(), [1, 2]);
    let many = (0..250).map(|n| format!("{n}@example.com\n")).collect::<String>();
    acme.invite(many, invite::Grant::role("member")).await.unwrap();
    assert_eq!(run(), (3..=252).collect::<Vec<_>>(), "more than are read at once");
    assert_eq!(run(), [0; 0]);
    std::fs::remove_file(&position).unwrap();
    assert_eq!(run().len(), 252, "without a position it begins at the beginning");

    std::fs::write(&position, "soon").unwrap();
    let output = follow(&[&database, "acme", &position]);
    assert!(!output.status.success() && String::from_utf8(output.stderr).unwrap().contains("not a number"));
}
