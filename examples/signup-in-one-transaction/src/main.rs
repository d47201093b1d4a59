//! Sign-up and the acceptance of an invitation in one transaction of the host: both become true, or neither does.
//!
//! The host keeps its users in the SQLite file that `invite` uses too. Bob signs up; Dan is refused, and has no account
//! then; Eve's sign-up fails after she was accepted, and her invitation is still there for the next try.
#![allow(clippy::print_stdout, reason = "a program that says what it does")]

use invite::{
    Accepted, Grant, InvitationFilter, InvitationState, Invitations, PageRequest, Plan, Principal, Token,
};
use invite_memory::MemoryMailer;
use invite_sqlite::{SqliteStorage, SqliteTransaction};
use rusqlite::{Connection, TransactionBehavior};

const USERS: &str = "create table users (
    id text primary key,
    display_name text not null check (length(display_name) <= 20)
) strict";

/// What the sign-up page asks for.
struct Form {
    user: &'static str,
    display_name: &'static str,
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Invite(#[from] invite::Error),
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
}

/// The whole of it. The calls block: an asynchronous host makes them on a thread of `spawn_blocking`.
fn sign_up(
    database: &mut Connection,
    invite: &Invitations,
    token: &Token,
    form: &Form,
) -> Result<Accepted, Failed> {
    // Immediate: it takes the lock before it reads, so that nobody comes between.
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("insert into users values (?1, '')", [form.user])?;
    let accepted = invite
        .accept(token, Principal::user(form.user))
        .in_transaction(SqliteTransaction::of(&transaction))
        .map_err(invite::Error::from)?;
    // Statements of the host may stand before the command and after it.
    transaction
        .execute("update users set display_name = ?2 where id = ?1", [form.user, form.display_name])?;
    transaction.commit()?;
    Ok(accepted)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("host.db");
    let storage = SqliteStorage::open(&file)?;
    storage.migrate().await?;
    let mut database = Connection::open(&file)?;
    database.execute_batch(USERS)?;

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
        match sign_up(&mut database, &invite, &token, &Form { user, display_name }) {
            Ok(accepted) => println!("  accepted in {}, and signed up", accepted.organization),
            Err(Failed::Invite(error)) => println!("  {}: {error}; {}", error.code(), error.remedy()),
            Err(Failed::Database(error)) => println!("  the host failed: {error}"),
        }
        let has_account = has_account(&database, user)?;
        let is_member = acme.organization().member(user).await?.is_some();
        let waiting =
            InvitationFilter { state: Some(InvitationState::Pending), ..InvitationFilter::default() };
        let waiting = acme.organization().invitations(&waiting, &PageRequest::first(100)).await?.items.len();
        println!("  account: {has_account}, member: {is_member}, invitations still open: {waiting}");
    }
    Ok(())
}

fn has_account(database: &Connection, user: &str) -> Result<bool, rusqlite::Error> {
    database.query_row("select exists (select 1 from users where id = ?1)", [user], |row| row.get(0))
}
