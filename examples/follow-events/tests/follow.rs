//! What the program says, and that it goes on where it was.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use std::process::{Command, Output};

use serde_json::Value;

fn follow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_follow-events")).args(arguments).output().unwrap()
}

fn events(printed: &str) -> Vec<Value> {
    let events = printed.lines().map(str::trim).filter(|line| line.starts_with('{'));
    events.map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sequences(printed: &str) -> Vec<u64> {
    events(printed).iter().map(|event| event["sequence"].as_u64().unwrap()).collect()
}

/// A database with an organization, of ada.
async fn acme(database: &str) -> invite::Acting {
    let storage = invite_sqlite::SqliteStorage::open(database).unwrap();
    storage.migrate().await.unwrap();
    let service =
        invite::Invitations::builder(storage, invite::AccessModel::preset(), invite::Keyring::ephemeral());
    let service = service.base_url("https://app.example/join").build().unwrap();
    let plan = invite::Plan::seats("team", 300);
    service.create_organization("acme", "Acme", "ada", plan).await.unwrap().by("ada")
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
    let acme = acme(&database).await;
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

#[tokio::test]
async fn an_event_says_which_group_link_and_request_it_is_about_and_which_commit_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
    let database = path("host.db");
    let acme = acme(&database).await;
    acme.create_group("web", invite::GroupSettings::named("The web site")).await.unwrap();
    let settings = invite::LinkSettings::new("Crew", invite::Grant::role("member")).by_request();
    let link = acme.create_link(settings).await.unwrap().link;
    let bob = invite::EmailAddress::parse("bob@example.com").unwrap();
    let request = acme.propose(bob, invite::Grant::role("member")).await.unwrap().request;

    let output = follow(&[&database, "acme", &path("position")]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let log = acme.events(0, 100).await.unwrap();
    let events = events(&printed);
    let of = |kind: &str| events.iter().find(|event| event["kind"] == kind).unwrap();
    assert_eq!(of("group-created")["group"], "web");
    assert_eq!(of("link-created")["link"], link.to_string());
    assert_eq!(of("request-made")["request"], request.to_string());
    assert_eq!(of("group-created")["request"], Value::Null);
    assert_eq!(events.len(), log.len());
    for (event, entry) in events.iter().zip(&log) {
        assert_eq!(event["commit"], entry.commit.to_string());
        assert_eq!(event["format"], entry.format);
    }
}
