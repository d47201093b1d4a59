//! D6 and F4. Sign-up and acceptance are one commit of the host's own database.
//!
//! On SQLite alone: the store in memory is no database of the host, and has no `HostTransaction`.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::{AcceptRefused, Accepted, Error, Grant, Next, Token};
use invite_sqlite::SqliteTransaction;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tests::{Listed, Store, World, code, newcomer, refused, token};

/// What the host's form asks for: the address stands in it already.
struct Form {
    id: &'static str,
    address: String,
    password: &'static str,
}

/// The host's own users, in the same file.
fn users(world: &World) -> Connection {
    let file = world.store.directory().unwrap().join("invite.db");
    let connection = Connection::open(file).unwrap();
    let table = "create table if not exists users (id text primary key, address text unique, password text)";
    connection.execute_batch(table).unwrap();
    connection
}

fn count(connection: &Connection) -> i64 {
    connection.query_row("select count(*) from users", [], |row| row.get(0)).unwrap()
}

/// Signs up and accepts, both or neither.
fn sign_up(
    world: &World,
    transaction: &Transaction<'_>,
    form: &Form,
    token: &Token,
) -> Result<Accepted, Error<AcceptRefused>> {
    let insert = "insert into users (id, address, password) values (?1, ?2, ?3)";
    transaction.execute(insert, (form.id, &form.address, form.password)).unwrap();
    world.invite.accept(token, newcomer(form.id)).in_transaction(SqliteTransaction::of(transaction))
}

#[tokio::test]
async fn d6_sign_up_with_the_address_filled_in_and_acceptance_are_one_commit() {
    let world = World::on(Store::sqlite().await);
    let acme = world.acme().await;
    acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
    world.deliver().await;
    let token = token(&world.mail_to("bob@example.com").link());
    let preview = world.invite.preview(&token, None).await.unwrap();
    assert_eq!(preview.next, Next::SignUp);
    let address = preview.email.unwrap().as_str().to_owned();
    let form = Form { id: "user-number-17", address, password: "a hash of it" };

    let mut users = users(&world);
    let transaction = users.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    sign_up(&world, &transaction, &form, &token).unwrap();
    drop(transaction);
    assert_eq!((count(&users), acme.users().await), (0, vec!["ada".to_owned()]), "rolled back, both");
    assert_eq!(acme.waiting().await, ["bob@example.com"], "the link still works");

    let transaction = users.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    let accepted = sign_up(&world, &transaction, &form, &token).unwrap();
    transaction.commit().unwrap();
    assert_eq!(accepted.proven.unwrap().as_str(), "bob@example.com");
    assert_eq!(count(&users), 1);
    assert_eq!(acme.users().await, ["ada", "user-number-17"]);
    assert!(acme.may("user-number-17", "posts.create").await.unwrap(), "and then in");
    assert_eq!(code(world.invite.accept(&token, newcomer("eve")).await), "already-accepted");
}

#[tokio::test]
async fn d6_whoever_is_refused_has_not_signed_up_either() {
    let world = World::on(Store::sqlite().await);
    let acme = world.acme().await;
    acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
    world.deliver().await;
    let token = world.token_to("bob@example.com");
    let (row, _) = acme.entry("bob@example.com").await;
    acme.revoke(row.id).await.unwrap();

    let mut users = users(&world);
    let form = Form { id: "user-number-17", address: "bob@example.com".to_owned(), password: "a hash of it" };
    let transaction = users.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    refused(sign_up(&world, &transaction, &form, &token), "revoked", "LIF-1", "ask for a new invitation");
    drop(transaction);
    assert_eq!((count(&users), acme.users().await), (0, vec!["ada".to_owned()]));
}
