//! The event log of an organization, followed from a position: the way to webhooks and analytics.
//!
//! `cargo run -p follow-events` plays it through on a file of its own: a follower takes what happened, fails at an
//! event, is started again, and goes on where it was. `cargo run -p follow-events -- <database> <organization>
//! <position file>` prints what is new in a database that exists, one JSON object a line, and ends.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that says what it does")]

mod follower;

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use follower::{Failed, Follower};
use invite::storage::EventEntry;
use invite::{AccessModel, Grant, Invitations, Keyring, Plan, Principal};
use invite_memory::MemoryMailer;
use invite_sqlite::SqliteStorage;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => demo().await,
        [database, organization, position] => follow(database, organization, position).await,
        _ => Err("usage: follow-events [<database> <organization> <position file>]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints what is new, for a program behind a pipe: what it did not take is printed again by the next run.
async fn follow(database: &str, organization: &str, position: &str) -> Outcome {
    let invite = service(SqliteStorage::open(database)?)?;
    let follower = Follower::new(invite.organization(organization), Path::new(position).into());
    let mut out = io::stdout().lock();
    let printed = follower.run_once(|event| {
        writeln!(out, "{}", payload(organization, event))?;
        out.flush()
    });
    printed.await.map_err(told)?;
    Ok(())
}

async fn demo() -> Outcome {
    let folder = tempfile::tempdir()?;
    let storage = SqliteStorage::open(folder.path().join("host.db"))?;
    storage.migrate().await?;
    let invite = service(storage)?;
    let acme = invite.create_organization("acme", "Acme Ltd", "ada", Plan::seats("team", 5)).await?.by("ada");
    // A new one each time, as after a restart.
    let follow = async |take: &mut dyn FnMut(&EventEntry) -> io::Result<()>| {
        let follower = Follower::new(acme.organization().clone(), folder.path().join("position"));
        follower.run_once(take).await.map_err(told)
    };

    println!("The organization was created:");
    let count = follow(&mut print).await?;
    println!("{count} events\n");

    let mailer = MemoryMailer::new();
    acme.invite("bob@example.com, eve@example.com", Grant::role("member")).await?;
    invite.courier(mailer.clone()).run_once(100).await?;
    let token = mailer.last_token_to("bob@example.com")?;
    invite.accept(&token, Principal::user("bob").vouched("bob@example.com")).await?;
    println!("Two were invited and one accepted, but the webhook fails at the second event:");
    let mut taken = 0;
    let mut webhook = |event: &EventEntry| {
        taken += 1;
        if taken == 2 { Err(io::Error::other("the webhook does not answer")) } else { print(event) }
    };
    if let Err(failed) = follow(&mut webhook).await {
        println!("{failed}\n");
    }

    println!("Started again, it goes on behind the last position that was kept:");
    let count = follow(&mut print).await?;
    println!("{count} events\n");
    println!("And then there is nothing new: {} events", follow(&mut print).await?);
    Ok(())
}

fn service(storage: SqliteStorage) -> Result<Invitations, invite::BuildError> {
    let service = Invitations::builder(storage, AccessModel::preset(), Keyring::ephemeral());
    service.base_url("https://app.example/join").build()
}

fn print(event: &EventEntry) -> io::Result<()> {
    writeln!(io::stdout(), "  {}", payload("acme", event))
}

/// What a webhook would get. Organization and sequence name the event for ever.
fn payload(organization: &str, event: &EventEntry) -> serde_json::Value {
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap_or_default();
    serde_json::json!({
        "organization": organization,
        "sequence": event.sequence,
        "commit": event.commit.to_string(),
        "at": event.at.to_rfc3339(),
        "kind": event.kind,
        "format": event.format,
        "actor": event.actor,
        "invitation": event.invitation.map(|id| id.to_string()),
        "user": event.user,
        "group": event.group,
        "link": event.link.map(|id| id.to_string()),
        "request": event.request.map(|id| id.to_string()),
        "data": data,
    })
}

fn told(failed: Failed) -> String {
    match failed {
        Failed::Log(error) => format!("{error}; {}", error.remedy()),
        Failed::Io(error) => error.to_string(),
    }
}
