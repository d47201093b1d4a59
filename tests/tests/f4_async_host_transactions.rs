//! F4. A sign-up, an acceptance and a new organization are one transaction of the host on Postgres, or nothing.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use chrono::TimeDelta;
use deadpool_postgres::{Manager, Pool};
use futures_util::future::join_all;
use invite::core::Operation;
use invite::{Accepted, Command, Error, Grant, Invitations, Plan, PreviewStatus, Settings, Token};
use invite_postgres::{PostgresStorage, PostgresTransaction};
use invite_postgres_testing::{Database, Server};
use tests::{Listed, Scripted, Store, World, code, newcomer, refused, user};
use tokio_postgres::{Client, NoTls, Transaction};

const TABLES: &str = include_str!("../../crates/invite-postgres-sql/sql/migrations/0001.sql");

/// Acme, with an invitation of bob that was mailed, in the database where the host has its users.
struct Host {
    world: World,
    storage: Scripted<PostgresStorage>,
    token: Token,
    client: Client,
    database: Database,
}

impl Host {
    async fn new() -> Self {
        let pool = |url: &str| Pool::builder(Manager::new(url.parse().unwrap(), NoTls)).build().unwrap();
        let migrate = async |url: String| {
            let pool = pool(&url);
            let migrated = PostgresStorage::new(pool.clone()).migrate().await;
            pool.close();
            Ok(migrated?)
        };
        let database = Server::shared().unwrap().database(TABLES, migrate).await.unwrap();
        let client = database.connect().await.unwrap();
        client.batch_execute("create table users (id text primary key)").await.unwrap();

        let storage = Scripted::new(PostgresStorage::new(pool(database.url())));
        let world = World::on(Store::wrapping(storage.clone()));
        world.acme_on(Plan::seats("team", 1)).await.invite("bob@example.com", member()).await.unwrap();
        world.deliver().await;
        let token = world.token_to("bob@example.com");
        Self { world, storage, token, client, database }
    }

    /// Everything that users, lists and the log show.
    async fn seen(&self) -> (Vec<String>, Vec<String>, Vec<String>, &'static str) {
        let users = self.client.query("select id from users order by id", &[]).await.unwrap();
        let acme = self.world.acme_by("ada");
        let globex = code(self.world.invite.organization("globex").get().await);
        (users.iter().map(|row| row.get(0)).collect(), acme.history().await, acme.names().await, globex)
    }

    /// Bob signs up, joins acme, and makes globex, to which he invites eve.
    async fn sign_up(&mut self) -> (Transaction<'_>, Accepted) {
        let transaction = self.client.transaction().await.unwrap();
        insert(&transaction, "bob").await;
        let accepted = accept(&transaction, &self.world.invite, &self.token).await.unwrap();
        let globex = self.world.invite.organization("globex");
        let create = globex.create(Settings::named("Globex"), user("bob"), Plan::seats("team", 2));
        within(&transaction, create).await.unwrap();
        let invite = || globex.by("bob").invite("eve@example.com", member());
        within(&transaction, invite()).await.unwrap();
        assert_eq!(
            code(within(&transaction, invite()).await),
            "already-invited",
            "each sees those before it"
        );
        (transaction, accepted)
    }
}

fn member() -> Grant {
    Grant::role("member")
}

async fn insert(transaction: &Transaction<'_>, user: &str) {
    transaction.execute("insert into users values ($1)", &[&user]).await.unwrap();
}

async fn within<O: Operation>(
    transaction: &Transaction<'_>,
    command: Command<O>,
) -> Result<O::Outcome, Error<O::Refusal>> {
    command.in_async_transaction(PostgresTransaction::of(transaction.client())).await
}

async fn accept(
    transaction: &Transaction<'_>,
    invite: &Invitations,
    token: &Token,
) -> Result<Accepted, Error> {
    Ok(within(transaction, invite.accept(token, newcomer("bob"))).await?)
}

#[tokio::test]
async fn f4_what_the_host_commits_is_there_together_and_its_mails_are_due() {
    let mut host = Host::new().await;
    let world = host.world.clone();
    let (transaction, accepted) = host.sign_up().await;
    assert_eq!((accepted.user, accepted.proven.unwrap().as_str()), (user("bob"), "bob@example.com"));
    assert_eq!(world.acme_by("ada").users().await, ["ada"], "nobody else sees it before the host commits");
    assert_eq!(world.deliver().await.sent, 0);
    transaction.commit().await.unwrap();
    let (users, _, newest_first, globex) = host.seen().await;
    assert_eq!((users, newest_first, globex), (vec!["bob".into()], vec!["bob".into(), "ada".into()], "ok"));
    world.deliver().await;
    assert_eq!(world.mails_to("eve@example.com"), 1);
    assert_eq!(code(world.invite.accept(&host.token, newcomer("eve")).await), "already-accepted");
}

/// LIF-11
#[tokio::test]
async fn f4_what_the_host_rolls_back_did_not_happen() {
    let mut host = Host::new().await;
    let (world, token, before) = (host.world.clone(), host.token.clone(), host.seen().await);
    let (transaction, _) = host.sign_up().await;
    transaction.rollback().await.unwrap();
    assert_eq!(host.seen().await, before);
    let (transaction, _) = host.sign_up().await;
    let failed = transaction.execute("insert into users values ('bob')", &[]).await;
    assert!(failed.is_err(), "a statement of the host");
    drop(transaction);
    assert_eq!(host.seen().await, before);
    assert_eq!(world.deliver().await.sent, 0);
    assert_eq!(world.invite.preview(&token, None).await.unwrap().status, PreviewStatus::Pending);
    world.invite.accept(&token, newcomer("bob")).await.unwrap();
}

#[tokio::test]
async fn f4_a_refusal_takes_the_hosts_rows_back_or_leaves_them_as_the_host_likes() {
    let mut host = Host::new().await;
    let (world, token) = (host.world.clone(), host.token.clone());
    let row = world.acme_by("ada").entry("bob@example.com").await.0;
    world.acme_by("ada").revoke(row.id).await.unwrap();
    let mut expected = host.seen().await;
    for keep in [false, true] {
        let transaction = host.client.transaction().await.unwrap();
        insert(&transaction, "bob").await;
        let accepted = accept(&transaction, &world.invite, &token).await;
        refused(accepted, "revoked", "LIF-1", "ask for a new invitation");
        if keep {
            transaction.commit().await.unwrap();
            expected.0 = vec!["bob".to_owned()];
        } else {
            drop(transaction);
        }
        assert_eq!(host.seen().await, expected, "nothing of ours");
    }
}

/// LIF-7b, SEA-3: what is past its expiry makes room, also if more of it has to be ended than one commit ends.
#[tokio::test]
async fn f4_what_is_past_its_expiry_makes_room() {
    let mut host = Host::new().await;
    let world = host.world.clone();
    let globex = world.invite.create_organization("globex", "Globex", "bob", Plan::seats("team", 100)).await;
    let globex = globex.unwrap().by("bob");
    let list = |part: &str| (0..99).map(|n| format!("{part}{n}@example.com\n")).collect::<String>();
    globex.invite(list("a"), member()).await.unwrap();
    world.pass(TimeDelta::days(8));
    let transaction = host.client.transaction().await.unwrap();
    let invited = within(&transaction, globex.invite(list("b"), member())).await.unwrap();
    transaction.commit().await.unwrap();
    let expired = globex.history().await.into_iter().filter(|kind| kind == "invitation-expired").count();
    assert_eq!((invited.len(), invited.refused().count(), expired), (99, 0, 99));
}

/// At a level at which what was read before the lock stays as it was.
#[tokio::test]
async fn f4_a_transaction_that_was_outrun_conflicts_and_is_run_again() {
    let mut host = Host::new().await;
    let (world, token) = (host.world.clone(), host.token.clone());
    let acme = world.acme_by("ada");
    for level in ["repeatable read", "serializable"] {
        let transaction = host.client.transaction().await.unwrap();
        let read = format!("set transaction isolation level {level}; select from users");
        transaction.batch_execute(&read).await.unwrap();
        acme.change_settings(Settings::named(level)).await.unwrap();
        let error = accept(&transaction, &world.invite, &token).await.unwrap_err();
        assert!(matches!(error, Error::Conflict), "{error:?}");
        assert!(error.remedy().contains("roll the transaction back"), "{}", error.remedy());
        transaction.rollback().await.unwrap();
    }
    assert_eq!(acme.users().await, ["ada"]);
    let (transaction, _) = host.sign_up().await;
    transaction.commit().await.unwrap();
    assert_eq!(acme.users().await, ["ada", "bob"]);
}

/// Each holds the organization that the other asks for: one conflicts, and what it wrote goes when its host rolls back.
#[tokio::test]
async fn f4_of_two_transactions_that_wait_for_each_other_one_conflicts() {
    let host = Host::new().await;
    let globex =
        host.world.invite.create_organization("globex", "Globex", "ada", Plan::seats("team", 9)).await;
    let globex = globex.unwrap().by("ada");
    let acme = host.world.acme_by("ada");
    let both_hold_one = Arc::new(tokio::sync::Barrier::new(2));
    let crossing = [("eve", acme.clone(), globex.clone()), ("dan", globex, acme)];
    let crossing = crossing.map(|(name, first, second)| {
        let (both_hold_one, connecting) = (Arc::clone(&both_hold_one), host.database.connect());
        async move {
            let mut client = connecting.await.unwrap();
            client.batch_execute("set deadlock_timeout = '10ms'").await.unwrap();
            // As a server does with each of its requests.
            let host = tokio::spawn(async move {
                let transaction = client.transaction().await.unwrap();
                within(&transaction, first.change_settings(Settings::named(name))).await.unwrap();
                both_hold_one.wait().await;
                let second = within(&transaction, second.change_settings(Settings::named(name))).await;
                match &second {
                    Ok(_) => transaction.commit().await.unwrap(),
                    Err(_) => transaction.rollback().await.unwrap(),
                }
                code(second)
            });
            host.await.unwrap()
        }
    });
    let mut told = join_all(crossing).await;
    told.sort_unstable();
    assert_eq!(told, ["conflict", "ok"]);
}

/// CON-1, IDN-10: the queue had decided, and finds that the host's transaction was before it.
#[tokio::test]
async fn f4_a_command_that_was_decided_meanwhile_is_decided_again() {
    let mut host = Host::new().await;
    let (world, token) = (host.world.clone(), host.token.clone());
    let gate = host.storage.hold_commit("acme");
    let queued = world.invite.accept(&token, newcomer("robert"));
    let queued = tokio::spawn(async move { queued.await });
    gate.reached().await;
    let (transaction, _) = host.sign_up().await;
    transaction.commit().await.unwrap();
    gate.open();
    refused(queued.await.unwrap(), "already-accepted", "LIF-1", "nothing to do");
    assert_eq!(world.acme_by("ada").users().await, ["ada", "bob"], "one of the two");
    assert_eq!(world.acme_by("ada").seats_of("team").await, (1, 0));
}
