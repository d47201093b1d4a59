//! F4. Any command and the host's own statements commit in one transaction of the host, or neither does.
//!
//! On SQLite, where calls block; `f4_async_host_transactions` is on Postgres. The store in memory is no database of the host,
//! and has no transactions.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use invite::core::{CreateOrganization, Domain, Erase, Operation, SuppressionKind};
use invite::{
    Access, Acting, Block, Command, Error, FormerOwner, Grant, GroupSettings, InvitationId, Limit,
    LinkSettings, NewMember, Plan, PreviewStatus, Principal, Scope, Settings, Token, VerifiedDomain,
};
use invite_sqlite::{SqliteStorage, SqliteTransaction};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tempfile::TempDir;
use tests::{
    Listed, Scripted, Store, World, address, code, group, newcomer, operations, person, refused, token, user,
};

/// The host's own users, in the same file.
struct Users {
    connection: Connection,
}

impl Users {
    fn at(file: &Path) -> Self {
        let connection = Connection::open(file).unwrap();
        let tables = "create table if not exists users (id text primary key);
            create table if not exists profiles
                (user text references users (id) deferrable initially deferred);
            pragma foreign_keys = on";
        connection.execute_batch(tables).unwrap();
        Self { connection }
    }

    fn of(world: &World) -> Self {
        Self::at(&file_of(world))
    }

    fn begin(&mut self) -> Transaction<'_> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.connection.prepare("select id from users order by id").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }
}

fn file_of(world: &World) -> PathBuf {
    world.store.directory().unwrap().join("invite.db")
}

fn sign_up(transaction: &Transaction<'_>, user: &str) {
    transaction.execute("insert into users values (?1)", [user]).unwrap();
}

fn within<O: Operation>(
    transaction: &Transaction<'_>,
    command: Command<O>,
) -> Result<O::Outcome, Error<O::Refusal>> {
    command.in_transaction(SqliteTransaction::of(transaction))
}

/// Acme, with an invitation of bob that was mailed; and the host's users.
async fn invited() -> (World, Users, Token) {
    let world = World::on(Store::sqlite().await);
    let users = Users::of(&world);
    let acme = world.acme().await;
    acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
    world.deliver().await;
    let token = world.token_to("bob@example.com");
    (world, users, token)
}

/// Everything that the lists and the log show.
async fn seen(world: &World) -> (Vec<String>, Vec<String>, Vec<String>, (u32, u32)) {
    let acme = world.acme_by("ada");
    (acme.history().await, acme.names().await, acme.waiting().await, acme.seats_of("team").await)
}

#[tokio::test]
async fn f4_both_are_committed() {
    let (world, mut users, token) = invited().await;
    let acme = world.acme_by("ada");
    let transaction = users.begin();
    sign_up(&transaction, "bob");
    let accepted = within(&transaction, world.invite.accept(&token, newcomer("bob"))).unwrap();
    assert_eq!(acme.users().await, ["ada"], "nobody else sees it before the host commits");
    transaction.commit().unwrap();
    assert_eq!((accepted.user.as_str(), accepted.proven.unwrap().as_str()), ("bob", "bob@example.com"));
    assert_eq!(
        (users.names(), acme.users().await),
        (vec!["bob".to_owned()], vec!["ada".into(), "bob".into()])
    );
    assert_eq!(code(world.invite.accept(&token, newcomer("eve")).await), "already-accepted");
}

/// LIF-11
#[tokio::test]
async fn f4_what_the_host_rolls_back_did_not_happen() {
    let (world, mut users, token) = invited().await;
    let before = seen(&world).await;
    let transaction = users.begin();
    sign_up(&transaction, "bob");
    within(&transaction, world.invite.accept(&token, newcomer("bob"))).unwrap();
    transaction.rollback().unwrap();
    assert_eq!((users.names().len(), seen(&world).await), (0, before), "no membership; still pending");
    assert_eq!(world.invite.preview(&token, None).await.unwrap().status, PreviewStatus::Pending);
    world.invite.accept(&token, newcomer("bob")).await.unwrap();
}

/// LIF-11
#[tokio::test]
async fn f4_a_host_that_fails_after_the_command_leaves_it_undone() {
    let (world, mut users, token) = invited().await;
    let before = seen(&world).await;
    let accept = || world.invite.accept(&token, newcomer("bob"));

    let transaction = users.begin();
    sign_up(&transaction, "bob");
    within(&transaction, accept()).unwrap();
    assert!(transaction.execute("insert into users values ('bob')", []).is_err(), "a statement of the host");
    drop(transaction);
    assert_eq!((users.names().len(), seen(&world).await), (0, before.clone()));

    let transaction = users.begin();
    within(&transaction, accept()).unwrap();
    transaction.execute("insert into profiles values ('bob')", []).unwrap();
    assert!(transaction.commit().is_err(), "the commit itself: a profile of nobody");
    if !users.connection.is_autocommit() {
        users.connection.execute_batch("rollback").unwrap();
    }
    assert_eq!(seen(&world).await, before);

    accept().await.unwrap();
}

#[tokio::test]
async fn f4_a_refusal_takes_the_hosts_rows_back_or_leaves_them_as_the_host_likes() {
    let (world, mut users, token) = invited().await;
    let acme = world.acme_by("ada");
    let row = acme.entry("bob@example.com").await.0;
    acme.revoke(row.id).await.unwrap();
    let before = seen(&world).await;
    for keep in [false, true] {
        let transaction = users.begin();
        sign_up(&transaction, "bob");
        let accepted = within(&transaction, world.invite.accept(&token, newcomer("bob")));
        refused(accepted, "revoked", "LIF-1", "ask for a new invitation");
        if keep {
            transaction.commit().unwrap();
        } else {
            drop(transaction);
        }
        assert_eq!((users.names().len() == 1, seen(&world).await), (keep, before.clone()), "nothing of ours");
    }
}

/// F8: mail is due once the host has committed, and never of what it rolled back.
#[tokio::test]
async fn f4_the_courier_learns_of_a_mail_when_the_host_commits() {
    let (world, mut users, _) = invited().await;
    let acme = world.acme_by("ada");
    let invite = || acme.invite("eve@example.com", Grant::role("member"));
    let transaction = users.begin();
    within(&transaction, invite()).unwrap();
    drop(transaction);
    assert_eq!(world.deliver().await.sent, 0);
    let transaction = users.begin();
    within(&transaction, invite()).unwrap();
    transaction.commit().unwrap();
    assert_eq!(world.deliver().await.sent, 1);
    assert_eq!(world.mails_to("eve@example.com"), 1);
}

/// A customer signs up, makes an organization and invites a colleague into another one, all in one commit.
#[tokio::test]
async fn f4_commands_of_two_organizations_follow_one_another_in_one_transaction() {
    let (world, mut users, token) = invited().await;
    let globex = world.invite.organization("globex");
    for kept in [false, true] {
        let transaction = users.begin();
        sign_up(&transaction, "bob");
        within(&transaction, world.invite.accept(&token, newcomer("bob"))).unwrap();
        let plan = Plan::seats("team", 2);
        within(&transaction, globex.create(Settings::named("Globex"), user("bob"), plan)).unwrap();
        let invite = |to: &str| globex.by("bob").invite(to.to_owned(), Grant::role("member"));
        assert_eq!(within(&transaction, invite("eve@example.com")).unwrap().len(), 1);
        let another = within(&transaction, invite("eve@example.com"));
        assert_eq!(code(another), "already-invited", "each sees those before it");
        if kept {
            transaction.commit().unwrap();
        } else {
            drop(transaction);
        }
        assert_eq!(code(globex.get().await) == "ok", kept);
    }
    assert_eq!(globex.by("bob").waiting().await, ["eve@example.com"]);
    assert_eq!(world.acme_by("ada").users().await, ["ada", "bob"]);
}

/// LIF-12
#[tokio::test]
async fn f4_a_repeat_with_the_same_key_has_one_effect() {
    let (world, mut users, token) = invited().await;
    let accept = || world.invite.accept(&token, newcomer("bob")).idempotency_key("k");
    let transaction = users.begin();
    let undone = within(&transaction, accept()).unwrap();
    assert_eq!(within(&transaction, accept()).unwrap(), undone, "within the transaction too");
    drop(transaction);
    let before = seen(&world).await;

    let transaction = users.begin();
    let first = within(&transaction, accept()).unwrap();
    transaction.commit().unwrap();
    let after = seen(&world).await;
    assert_ne!(after, before, "what was rolled back left no key behind");
    let transaction = users.begin();
    assert_eq!(within(&transaction, accept()).unwrap(), first);
    let other = world.invite.accept(&token, newcomer("eve")).idempotency_key("k");
    assert_eq!(code(within(&transaction, other)), "already-accepted", "a key is its actor's own");
    let other = world.invite.accept(&token, person("bob")).idempotency_key("k");
    assert_eq!(code(within(&transaction, other)), "idempotency-key-reused");
    transaction.commit().unwrap();
    assert_eq!(accept().await.unwrap(), first, "nor does it matter who asks again");
    assert_eq!(seen(&world).await, after);
}

#[tokio::test]
async fn f4_input_that_cannot_be_is_refused_before_anything_is_read() {
    let (world, mut users, token) = invited().await;
    let transaction = users.begin();
    let keyed = world.invite.accept(&token, newcomer("bob")).idempotency_key("");
    assert_eq!(code(within(&transaction, keyed)), "invalid-input");
    assert_eq!(code(within(&transaction, world.acme_by("").leave())), "invalid-input");
    let nowhere = world.invite.organization("nowhere").by("ada");
    assert_eq!(code(within(&transaction, nowhere.leave())), "unknown-organization");
}

/// LIF-5: the service's clock says what has expired, and when things happened.
#[tokio::test]
async fn f4_the_clock_is_that_of_the_service() {
    let (world, mut users, token) = invited().await;
    world.pass(TimeDelta::days(7) - TimeDelta::microseconds(1));
    let transaction = users.begin();
    within(&transaction, world.invite.accept(&token, person("bob"))).unwrap();
    drop(transaction);
    world.pass(TimeDelta::microseconds(1));
    let transaction = users.begin();
    assert_eq!(code(within(&transaction, world.invite.accept(&token, person("bob")))), "expired");
    let acme = world.acme_by("ada");
    within(&transaction, acme.invite("eve@example.com", Grant::role("member"))).unwrap();
    transaction.commit().unwrap();
    assert_eq!(acme.entry("eve@example.com").await.0.created_at, world.clock_now());
}

/// LIF-7b, SEA-3: what is past its expiry makes room, also if more of it has to be ended than one commit ends.
#[tokio::test]
async fn f4_what_is_past_its_expiry_makes_room() {
    let world = World::on(Store::sqlite().await);
    let mut users = Users::of(&world);
    let acme = world.acme_on(Plan::seats("team", 150)).await;
    let list = |part: &str| (0..150).map(|n| format!("{part}{n}@example.com\n")).collect::<String>();
    acme.invite(list("a"), Grant::role("member")).await.unwrap();
    world.pass(TimeDelta::days(8));
    let invite = || acme.invite(list("b"), Grant::role("member"));
    for kept in [false, true] {
        let transaction = users.begin();
        let invited = within(&transaction, invite()).unwrap();
        assert_eq!((invited.len(), invited.refused().count()), (150, 0));
        if kept {
            transaction.commit().unwrap();
        } else {
            drop(transaction);
        }
        let expired = acme.history().await.into_iter().filter(|kind| kind == "invitation-expired").count();
        assert_eq!((expired == 150, acme.waiting().await.len() == 150), (kept, kept), "{expired}");
    }
}

/// Somebody wrote after a transaction that began without the lock had read.
#[tokio::test]
async fn f4_a_transaction_that_was_outrun_conflicts_and_is_run_again() {
    let (world, mut users, token) = invited().await;
    let accept = || world.invite.accept(&token, newcomer("bob"));
    let transaction = users.connection.transaction_with_behavior(TransactionBehavior::Deferred).unwrap();
    let taken: i64 = transaction.query_row("select count(*) from users", [], |row| row.get(0)).unwrap();
    assert_eq!(taken, 0);
    world.acme_by("ada").invite("eve@example.com", Grant::role("member")).await.unwrap();
    let error = Error::<invite::AnyRefusal>::from(within(&transaction, accept()).unwrap_err());
    assert_eq!((error.code(), error.rule()), ("conflict", None));
    assert!(error.remedy().contains("lock taken when it begins"), "{}", error.remedy());
    drop(transaction);

    let transaction = users.begin();
    sign_up(&transaction, "bob");
    within(&transaction, accept()).unwrap();
    transaction.commit().unwrap();
    assert_eq!(world.acme_by("ada").users().await, ["ada", "bob"]);
}

/// Acme on a file, behind gates.
async fn gated() -> (World, Scripted<SqliteStorage>, Users, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("invite.db");
    let storage = SqliteStorage::open(&file).unwrap();
    storage.migrate().await.unwrap();
    let storage = Scripted::new(storage);
    let world = World::on(Store::wrapping(storage.clone()));
    (world, storage, Users::at(&file), directory)
}

/// CON-1, IDN-10: the queue of the same process had decided, and finds that the host's transaction was before it.
#[tokio::test]
async fn f4_a_command_that_was_decided_meanwhile_is_decided_again() {
    let (world, storage, mut users, _directory) = gated().await;
    let acme = world.acme_on(Plan::seats("team", 1)).await;
    acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
    world.deliver().await;
    let token = world.token_to("bob@example.com");

    let gate = storage.hold_commit("acme");
    let accept = world.invite.accept(&token, newcomer("bob"));
    let queued = tokio::spawn(async move { accept.await });
    gate.reached().await;
    let transaction = users.begin();
    sign_up(&transaction, "robert");
    within(&transaction, world.invite.accept(&token, newcomer("robert"))).unwrap();
    transaction.commit().unwrap();
    gate.open();
    refused(queued.await.unwrap(), "already-accepted", "LIF-1", "nothing to do");
    assert_eq!(acme.users().await, ["ada", "robert"], "one of the two");
    assert_eq!(acme.seats_of("team").await, (1, 0));
}

/// SEA-1: the last seat, between the queue and a transaction of the host, of which one is rolled back.
#[tokio::test]
async fn f4_the_queue_goes_on_as_if_a_transaction_that_is_rolled_back_had_not_been() {
    for kept in [false, true] {
        let (world, storage, mut users, _directory) = gated().await;
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        let gate = storage.hold_commit("acme");
        let invite = acme.invite("eve@example.com", Grant::role("member"));
        let queued = tokio::spawn(async move { invite.await });
        gate.reached().await;
        let transaction = users.begin();
        within(&transaction, acme.invite("bob@example.com", Grant::role("member"))).unwrap();
        if kept {
            transaction.commit().unwrap();
        } else {
            drop(transaction);
        }
        gate.open();
        assert_eq!(code(queued.await.unwrap()), if kept { "no-seat-left" } else { "ok" });
        let one = if kept { "bob@example.com" } else { "eve@example.com" };
        assert_eq!((acme.waiting().await, acme.seats_of("team").await), (vec![one.to_owned()], (0, 1)));
    }
}

/// What the queue writes while the host holds the lock waits for it, and is decided on what the host committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_a_command_waits_for_the_transaction_that_holds_the_lock() {
    let (world, mut users, token) = invited().await;
    let (began, has_begun) = tokio::sync::oneshot::channel();
    let invite = world.invite.clone();
    let shared = token.clone();
    let host = tokio::task::spawn_blocking(move || {
        let transaction = users.begin();
        invite.accept(&shared, newcomer("bob")).in_transaction(SqliteTransaction::of(&transaction)).unwrap();
        began.send(()).unwrap();
        transaction.commit().unwrap();
    });
    has_begun.await.unwrap();
    assert_eq!(code(world.invite.accept(&token, newcomer("robert")).await), "already-accepted");
    host.await.unwrap();
    assert_eq!(world.acme_by("ada").users().await, ["ada", "bob"]);
}

/// How a history of commands is performed.
enum Way {
    Awaited,
    /// Each in a transaction of the host: first one that is dropped, then one that is committed.
    Within(Users),
}

struct Run {
    world: World,
    way: Way,
    /// The operations that were performed.
    performed: BTreeSet<String>,
}

impl Run {
    fn new(world: World, way: Way) -> Self {
        Self { world, way, performed: BTreeSet::new() }
    }

    async fn perform<O: Operation>(&mut self, command: impl Fn() -> Command<O>) -> O::Outcome {
        self.performed.insert(O::NAME.to_owned());
        let failed = |error: Error<O::Refusal>| -> O::Outcome { panic!("{}: {}", O::NAME, error.code()) };
        let users = match &mut self.way {
            Way::Awaited => return command().await.unwrap_or_else(failed),
            Way::Within(users) => users,
        };
        let before = seen(&self.world).await;
        let dropped = users.begin();
        within(&dropped, command()).unwrap_or_else(failed);
        drop(dropped);
        assert_eq!(seen(&self.world).await, before, "{} was rolled back", O::NAME);
        let committed = users.begin();
        let outcome = within(&committed, command()).unwrap_or_else(failed);
        committed.commit().unwrap();
        assert_ne!(seen(&self.world).await, before, "{} did something", O::NAME);
        outcome
    }
}

fn plan() -> Plan {
    Plan::seats("team", 20).and_seats("client", Limit::Unlimited)
}

async fn groups_and_links(run: &mut Run, acme: &Acting) {
    let invite = run.world.invite.clone();
    let teal = || GroupSettings::named("Teal").open_with(Access::role("client"));
    run.perform(|| acme.create_group("teal", GroupSettings::named("Teal"))).await;
    run.perform(|| acme.change_group("teal", teal())).await;
    run.perform(|| acme.archive_group("teal")).await;
    run.perform(|| acme.restore_group("teal")).await;
    run.perform(|| acme.organization().join_group("teal", person("bob"))).await;
    let in_teal = || Scope::Group(group("teal"));
    run.perform(|| acme.change_access_in("bob", in_teal(), Access::role("member"))).await;
    run.perform(|| acme.organization().by("bob").leave_group("teal")).await;
    run.perform(|| acme.close_group("teal")).await;

    let clients = || LinkSettings::new("Clients", Grant::role("client"));
    let link = run.perform(|| acme.create_link(clients())).await.link;
    run.perform(|| acme.edit_link(link, clients().max_uses(9))).await;
    run.perform(|| acme.switch_link_off(link)).await;
    run.perform(|| acme.switch_link_on(link)).await;
    run.perform(|| acme.refresh_link(link)).await;
    let shown = token(&acme.show_link(link).await.unwrap().reveal());
    run.perform(|| invite.join(&shown, person("hal"))).await;
    run.perform(|| acme.remove_link(link)).await;
}

async fn requests_and_domains(run: &mut Run, acme: &Acting) {
    let (host, invite) = (acme.organization(), run.world.invite.clone());
    let asking = LinkSettings::new("Asking", Grant::role("client")).by_request();
    let link = acme.create_link(asking).await.unwrap().link;
    let shown = token(&acme.show_link(link).await.unwrap().reveal());
    let ivy = run.perform(|| invite.ask_to_join(&shown, person("ivy"))).await.request;
    let jon = run.perform(|| invite.ask_to_join(&shown, person("jon"))).await.request;
    run.perform(|| acme.approve(ivy)).await;
    run.perform(|| acme.deny(jon)).await;
    let kim = run.perform(|| acme.propose(address("kim@example.com"), Grant::role("client"))).await.request;
    run.perform(|| acme.withdraw(kim)).await;
    let work = || [(Domain::parse("work.example").unwrap(), VerifiedDomain::joins(Grant::role("client")))];
    run.perform(|| host.as_system().change_verified_domains(work())).await;
    run.perform(|| host.join_by_domain(Principal::user("lee").vouched("lee@work.example"))).await;
}

/// Performs every command that there is, and says what is seen after each few.
async fn everything(mut run: Run) -> Vec<impl PartialEq + std::fmt::Debug> {
    let world = run.world.clone();
    let organization = world.invite.organization("acme");
    let create = || organization.create(Settings::named("Acme Ltd"), user("ada"), plan());
    run.performed.insert(CreateOrganization::NAME.to_owned());
    match &mut run.way {
        Way::Awaited => drop(create().await.unwrap()),
        Way::Within(users) => {
            let transaction = users.begin();
            within(&transaction, create()).unwrap();
            transaction.commit().unwrap();
        }
    }
    let acme = organization.by("ada");
    let mut shown = vec![seen(&world).await];

    let list = "bob@example.com, eve@example.com, nobody, bob@example.com, dan@example.com";
    let invited = run.perform(|| acme.invite(list, Grant::role("member"))).await;
    let [bob, _, dan] = invited.invitations().collect::<Vec<InvitationId>>()[..] else {
        panic!("three of them")
    };
    run.perform(|| acme.edit(bob, Grant::role("client"))).await;
    run.perform(|| acme.remind(bob)).await;
    run.perform(|| acme.resend(bob)).await;
    run.perform(|| acme.revoke(dan)).await;
    shown.push(seen(&world).await);

    world.deliver().await;
    let (bobs, eves) = (world.token_to("bob@example.com"), world.token_to("eve@example.com"));
    run.perform(|| world.invite.accept(&bobs, person("bob"))).await;
    let declined = || world.invite.decline(&eves, person("eve")).with(|it| it.block(Block::Organization));
    run.perform(declined).await;
    run.perform(|| organization.unblock(person("eve"), SuppressionKind::Invitations)).await;
    let unsubscribing = world.mail_to("eve@example.com").unsubscribe_token();
    run.perform(|| world.invite.unsubscribe(&unsubscribing)).await;
    shown.push(seen(&world).await);

    let newcomers = || ["fay", "gus"].map(|name| NewMember::new(user(name), Grant::role("client")));
    run.perform(|| acme.add_members(newcomers())).await;
    run.perform(|| acme.change_access("fay", Grant::role("member"))).await;
    run.perform(|| acme.remove("gus")).await;
    run.perform(|| organization.by("fay").leave()).await;
    run.perform(|| acme.offer_ownership("bob", FormerOwner::Becomes(Access::role("admin")))).await;
    shown.push(seen(&world).await);

    run.perform(|| organization.as_system().change_plan(plan().pending(Limit::AtMost(9)))).await;
    run.perform(|| acme.change_settings(Settings::named("Acme").described("Everything"))).await;
    groups_and_links(&mut run, &acme).await;
    shown.push(seen(&world).await);
    requests_and_domains(&mut run, &acme).await;
    shown.push(seen(&world).await);

    run.perform(|| acme.suspend_member("bob")).await;
    run.perform(|| acme.restore_member("bob")).await;
    run.perform(|| organization.as_system().run(Erase::new(address("eve@example.com")))).await;
    run.perform(|| acme.suspend()).await;
    run.perform(|| acme.resume()).await;
    acme.invite("late@example.com", Grant::role("member")).await.unwrap();
    world.pass(TimeDelta::days(7));
    run.perform(|| organization.maintain(10)).await;
    run.perform(|| acme.close()).await;
    shown.push(seen(&world).await);
    assert_eq!(run.performed, operations(), "every operation is performed");
    shown
}

#[tokio::test]
async fn f4_every_command_works_in_a_transaction_as_it_does_awaited() {
    let world = World::on(Store::sqlite().await);
    let users = Users::of(&world);
    let within = everything(Run::new(world, Way::Within(users))).await;
    let awaited = everything(Run::new(World::on(Store::sqlite().await), Way::Awaited)).await;
    assert_eq!(within, awaited);
}
