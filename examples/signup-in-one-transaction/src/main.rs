//! Sign-up and the acceptance of an invitation in one transaction of the host: both become true, or neither does.
//!
//! The host keeps its users in the database that `invite` uses too: a file of SQLite, or, where its URL is given, an empty
//! database of Postgres. Bob signs up; Dan is refused, and has no account then; Eve's sign-up fails after she was accepted,
//! and her invitation is still there for the next try.
#![allow(clippy::print_stdout, reason = "a program that says what it does")]

mod postgres;
mod sqlite;

use std::error::Error;

use invite::{
    Accepted, Grant, InvitationFilter, InvitationState, Invitations, PageRequest, Plan, Storage, Token,
};
use invite_memory::MemoryMailer;

/// What the sign-up page asks for.
struct Form {
    user: &'static str,
    display_name: &'static str,
}

/// The users of the host.
trait Users {
    /// Signs up and accepts, or neither.
    async fn sign_up(&mut self, invite: &Invitations, token: &Token, form: &Form)
    -> Result<Accepted, Failed>;

    async fn has_account(&self, user: &str) -> Result<bool, Failed>;
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Invite(#[from] invite::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Pool(#[from] deadpool_postgres::PoolError),
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        None => {
            let (users, storage) = sqlite::open().await?;
            show(users, storage).await
        }
        Some(url) => {
            let (users, storage) = postgres::open(&url).await?;
            show(users, storage).await
        }
    }
}

async fn show(mut users: impl Users, storage: impl Storage) -> Result<(), Box<dyn Error>> {
    let (model, keyring) = (invite::AccessModel::preset(), invite::Keyring::ephemeral());
    let invite =
        Invitations::builder(storage, model, keyring).base_url("https://app.example/join").build()?;
    let acme = invite.create_organization("acme", "Acme Ltd", "ada", Plan::seats("team", 5)).await?.by("ada");
    let people = "bob@example.com, dan@example.com, eve@example.com";
    let invited = acme.invite(people, Grant::role("member")).await?;
    let mailer = MemoryMailer::new();
    invite.courier(mailer.clone()).run_once(100).await?;
    acme.revoke_many(invited.invitations().nth(1)).await?;

    for (address, user, display_name) in [
        ("bob@example.com", "bob", "Bob"),
        ("dan@example.com", "dan", "Dan"),
        ("eve@example.com", "eve", "Eve, the first of her name"),
        ("eve@example.com", "eve", "Eve"),
    ] {
        let token = mailer.last_token_to(address)?;
        println!("{address} signs up as {user}, with the name {display_name:?}:");
        match users.sign_up(&invite, &token, &Form { user, display_name }).await {
            Ok(accepted) => println!("  accepted in {}, and signed up", accepted.organization),
            Err(Failed::Invite(error)) => println!("  {}: {error}; {}", error.code(), error.remedy()),
            // Each database says in words of its own that the name is too long.
            Err(_) => println!("  the host failed, and rolled back"),
        }
        let has_account = users.has_account(user).await?;
        let is_member = acme.organization().member(user).await?.is_some();
        let waiting =
            InvitationFilter { state: Some(InvitationState::Pending), ..InvitationFilter::default() };
        let waiting = acme.organization().invitations(&waiting, &PageRequest::first(100)).await?.items.len();
        println!("  account: {has_account}, member: {is_member}, invitations still open: {waiting}");
    }
    Ok(())
}
