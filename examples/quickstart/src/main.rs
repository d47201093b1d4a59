//! The program of the README on a list as people paste it: names with commas, Outlook's separators, a repetition,
//! some that are no addresses. It says what became of each.
#![allow(clippy::print_stdout, reason = "a program that says what it does")]

use invite::{AccessModel, Grant, Invitations, InviteOutcome, Keyring, Plan, Principal, Refusal as _};
use invite_memory::{MemoryMailer, MemoryStorage};

const PEOPLE: &str = include_str!("../people.txt");

#[tokio::main]
async fn main() -> Result<(), invite::Error> {
    let mailer = MemoryMailer::new();
    let invite = Invitations::builder(MemoryStorage::new(), AccessModel::preset(), Keyring::ephemeral())
        .base_url("https://app.example/join")
        .build()?;
    let acme = invite.create_organization("acme", "Acme Ltd", "ada", Plan::seats("team", 5)).await?.by("ada");

    println!("Ada pastes this list into Acme Ltd, which has 5 team seats:\n\n{PEOPLE}");
    let invited = acme.invite(PEOPLE, Grant::role("member")).await?;
    for result in &invited.results {
        let position = result.position + 1;
        let what = match &result.outcome {
            InviteOutcome::Invited { .. } => "invited".to_owned(),
            InviteOutcome::Duplicate { of } => format!("the same as number {}", of + 1),
            InviteOutcome::Refused { reason } => format!("{}: {reason}; {}", reason.code(), reason.remedy()),
            other => format!("{other:?}"),
        };
        println!("{position}. {}\n   {what}", result.input);
    }

    let sent = invite.courier(mailer.clone()).run_once(100).await?.sent;
    println!("\n{} of {} were invited, and {sent} mails went out.", invited.len(), invited.results.len());

    let token = mailer.last_token_to("bob@example.com")?;
    invite.accept(&token, Principal::user("bob").vouched("bob@example.com")).await?;
    println!(
        "Bob opened his link and accepted. May he create posts? {}",
        acme.may("bob", "posts.create").await?
    );

    for seat in acme.seats().await? {
        let left = seat.left().map_or("any number".to_owned(), |left| left.to_string());
        println!("{} seats: {} taken, {} reserved, {left} left", seat.class, seat.used, seat.reserved);
    }
    Ok(())
}
