//! The queue of an organization: commands that wait together are decided together, and none is lost.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::pin::Pin;

use futures_util::future::join_all;
use futures_util::poll;
use invite::core::RowChange;
use invite::{Error, Grant, Invited, Plan};
use invite_memory::MemoryStorage;
use tests::{Fault, Listed, Scripted, Store, World, address, code, person, refused};

type Waiting = Pin<Box<dyn Future<Output = Result<Invited, Error<invite::InviteRefused>>> + Send>>;

/// Acme on a store that does as it is told.
async fn scripted() -> (World, Scripted<MemoryStorage>) {
    let storage = Scripted::new(MemoryStorage::new());
    let world = World::on(Store::wrapping(storage.clone()));
    world.acme_on(Plan::seats("team", 2_000)).await;
    storage.reset();
    (world, storage)
}

/// An invitation by somebody, not yet asked for.
fn inviting(world: &World, by: &str, name: &str) -> Waiting {
    let grant = Grant::role("member");
    Box::pin(world.acme_by(by).invite(address(&format!("{name}@example.com")), grant).into_future())
}

/// Asks for it, as far as it goes without waiting.
async fn begin(command: &mut Waiting) {
    assert!(poll!(command).is_pending(), "it waits");
}

/// Asks for many invitations by ada while the first one is held at a gate, and gives them all.
async fn pile_up(world: &World, storage: &Scripted<MemoryStorage>, count: usize) -> Vec<Waiting> {
    let gate = storage.hold_load("acme");
    let mut commands = (0..count).map(|n| inviting(world, "ada", &format!("u{n}"))).collect::<Vec<_>>();
    for command in &mut commands {
        begin(command).await;
    }
    gate.open();
    commands
}

#[tokio::test]
async fn what_waits_is_loaded_once_and_committed_once() {
    for (count, commits) in [(1, 1), (2, 2), (100, 2), (257, 2), (258, 3), (1_000, 5)] {
        let (world, storage) = scripted().await;
        let invited = join_all(pile_up(&world, &storage, count).await).await;
        assert!(invited.iter().all(Result::is_ok));
        assert_eq!((storage.loads(), storage.commits()), (commits, commits), "of {count}");
        assert_eq!(world.acme_by("ada").waiting().await.len(), count);
        assert_eq!(storage.locks(), 0);
    }
}

#[tokio::test]
async fn a_bulk_invitation_is_a_batch_of_its_own() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let list = |part: &str| (0..600).map(|n| format!("{part}{n}@example.com\n")).collect::<String>();
    let acme = world.acme_by("ada");
    let lists = ["a", "b", "c"].map(|part| acme.invite(list(part), Grant::role("member")).into_future());
    let mut lists = lists.into_iter().collect::<Vec<Waiting>>();
    let mut small = inviting(&world, "ada", "bob");
    for command in lists.iter_mut().chain([&mut small]) {
        begin(command).await;
    }
    gate.open();
    assert!(join_all(lists).await.iter().all(Result::is_ok));
    small.await.unwrap();
    assert_eq!(storage.commits(), 3, "2,000 rows are enough for one, but not for two of them");
    assert_eq!(acme.waiting().await.len(), 1_801);
}

#[tokio::test]
async fn who_is_refused_takes_no_other_along() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let cases = [
        ("ada", "first", "ok"),
        ("ada", "bob", "ok"),
        ("mallory", "eve", "not-permitted"),
        ("ada", "bob", "already-invited"),
        ("ada", "dan", "ok"),
        ("mallory", "dan", "not-permitted"),
        ("ada", "fay", "ok"),
    ];
    let mut commands = cases.map(|(by, name, _)| inviting(&world, by, name));
    for command in &mut commands {
        begin(command).await;
    }
    gate.open();
    let codes = join_all(commands).await.into_iter().map(code).collect::<Vec<_>>();
    assert_eq!(codes, cases.map(|(.., code)| code));
    assert_eq!(storage.commits(), 2);
    let mut waiting = world.acme_by("ada").waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["bob@example.com", "dan@example.com", "fay@example.com", "first@example.com"]);
    assert_eq!(world.deliver().await.sent, 4);
}

#[tokio::test]
async fn whoever_comes_first_is_served_first() {
    let (world, storage) = scripted().await;
    world.acme_by("ada").organization().as_system().change_plan(Plan::seats("team", 3)).await.unwrap();
    let codes = join_all(pile_up(&world, &storage, 6).await).await.into_iter().map(code).collect::<Vec<_>>();
    assert_eq!(codes, ["ok", "ok", "ok", "no-seat-left", "no-seat-left", "no-seat-left"]);
}

#[tokio::test]
async fn a_caller_who_is_gone_before_the_decision_takes_the_command_along() {
    let (world, storage) = scripted().await;
    let mut commands = pile_up(&world, &storage, 5).await;
    drop(commands.remove(3));
    drop(commands.remove(2));
    assert!(join_all(commands).await.iter().all(Result::is_ok));
    let mut waiting = world.acme_by("ada").waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["u0@example.com", "u1@example.com", "u4@example.com"]);
}

#[tokio::test]
async fn a_caller_who_is_gone_while_the_batch_is_loaded_takes_the_command_along() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let [mut first, mut gone, mut second] = ["first", "bob", "eve"].map(|name| inviting(&world, "ada", name));
    for command in [&mut first, &mut gone, &mut second] {
        begin(command).await;
    }
    gate.open();
    first.await.unwrap();
    let gate = storage.hold_load("acme");
    gate.reached().await;
    drop(gone);
    gate.open();
    second.await.unwrap();
    let mut waiting = world.acme_by("ada").waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["eve@example.com", "first@example.com"]);
}

#[tokio::test]
async fn a_first_caller_who_is_gone_holds_nobody_up() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let [mut first, mut second] = ["bob", "eve"].map(|name| inviting(&world, "ada", name));
    begin(&mut first).await;
    gate.reached().await;
    begin(&mut second).await;
    drop(first);
    second.await.unwrap();
    assert_eq!(world.acme_by("ada").waiting().await, ["eve@example.com"]);
}

#[tokio::test]
async fn a_caller_who_is_gone_after_the_decision_leaves_a_command_that_is_committed_unread() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let [mut first, mut unread, mut read] = ["first", "bob", "eve"].map(|name| inviting(&world, "ada", name));
    for command in [&mut first, &mut unread, &mut read] {
        begin(command).await;
    }
    gate.open();
    first.await.unwrap();
    let gate = storage.hold_commit("acme");
    gate.reached().await;
    drop(unread);
    gate.open();
    read.await.unwrap();
    let mut waiting = world.acme_by("ada").waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["bob@example.com", "eve@example.com", "first@example.com"]);
}

#[tokio::test]
async fn more_than_1024_who_wait_are_told_that_it_is_busy() {
    let (world, storage) = scripted().await;
    let globex = world.invite.create_organization("globex", "Globex", "gus", Plan::seats("team", 5));
    let globex = globex.await.unwrap().by("gus");
    storage.reset();
    let gate = storage.hold_load("acme");
    let mut commands = (0..1_025).map(|n| inviting(&world, "ada", &format!("u{n}"))).collect::<Vec<_>>();
    for command in &mut commands {
        begin(command).await;
    }
    for name in ["bob", "eve"] {
        let error = Error::<invite::AnyRefusal>::from(inviting(&world, "ada", name).await.unwrap_err());
        assert_eq!((error.code(), error.rule()), ("busy", None));
        assert_eq!(error.remedy(), "try again in a moment");
    }
    globex.invite("bob@example.com", Grant::role("member")).await.unwrap();

    gate.open();
    assert!(join_all(commands).await.iter().all(Result::is_ok));
    inviting(&world, "ada", "bob").await.unwrap();
    let waiting = world.acme_by("ada").waiting().await;
    assert_eq!(waiting.len(), 1_026, "nobody who was told to wait is lost");
    assert!(!waiting.contains(&"eve@example.com".to_owned()), "who was told that it is busy is not invited");
}

#[tokio::test]
async fn no_organization_waits_for_another() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let mut held = inviting(&world, "ada", "bob");
    begin(&mut held).await;
    let globex = world.invite.create_organization("globex", "Globex", "gus", Plan::seats("team", 5));
    let globex = globex.await.unwrap().by("gus");
    globex.invite("bob@example.com", Grant::role("member")).await.unwrap();
    assert_eq!(world.deliver().await.sent, 1);
    world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
    begin(&mut held).await;
    gate.open();
    held.await.unwrap();
}

/// Another process writes between load and commit: what was decided is decided again, under a lock.
#[tokio::test]
async fn a_conflict_with_another_process_is_decided_again_under_a_lock() {
    let (world, storage) = scripted().await;
    let other = world.another_process();
    let gate = storage.hold_commit("acme");
    let [mut same, mut another] = ["bob", "eve"].map(|name| inviting(&world, "ada", name));
    begin(&mut same).await;
    gate.reached().await;
    begin(&mut another).await;
    inviting(&other, "ada", "bob").await.unwrap();
    storage.reset();
    gate.open();
    refused(same.await, "already-invited", "CON-3", "wait for an answer");
    another.await.unwrap();
    assert_eq!(storage.locks(), 1, "progress is certain at the second try");
    let mut waiting = world.acme_by("ada").waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["bob@example.com", "eve@example.com"]);
    assert_eq!(world.deliver().await.sent, 2);
}

#[tokio::test]
async fn a_store_that_conflicts_for_ever_is_given_up_and_nothing_is_written() {
    let (world, storage) = scripted().await;
    storage.next_commits([Fault::Conflict; 100]);
    assert_eq!(code(inviting(&world, "ada", "bob").await), "busy");
    let tries = storage.commits();
    assert!((2..100).contains(&tries), "it tried {tries} times");
    assert_eq!(storage.locks(), tries - 1);
    storage.reset();
    assert_eq!(world.acme_by("ada").waiting().await, [""; 0]);
    inviting(&world, "ada", "bob").await.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_refused_for_no_known_reason_is_tried_one_by_one() {
    let (world, storage) = scripted().await;
    storage.spoil(|commit| {
        let poison = address("u7@example.com");
        let is_poison = |change: &RowChange<_, invite::Invitation>| {
            matches!(change, RowChange::Insert(row) if row.invitee.address() == Some(&poison))
        };
        commit.invitations.iter().any(is_poison)
    });
    let codes = join_all(pile_up(&world, &storage, 20).await).await.into_iter().map(code).collect::<Vec<_>>();
    for (n, code) in codes.iter().enumerate() {
        assert_eq!(*code, if n == 7 { "storage-failed" } else { "ok" }, "{n}");
    }
    assert_eq!(world.acme_by("ada").waiting().await.len(), 19);
    assert_eq!(storage.commits(), 1 + 1 + 19, "the first alone, the others together, then each of them");
}

/// STO-4: whatever is lost on the way, and wherever, there is one effect.
#[tokio::test]
async fn a_lost_reply_has_one_effect() {
    let (known, unknown) = ("ok", "outcome-unknown");
    for (what, faults, lookups_fail, expected, lookups) in [
        ("the reply", vec![Fault::LostReply], 0, known, 1),
        ("the commit", vec![Fault::LostCommit], 0, known, 1),
        ("the reply, and two answers about it", vec![Fault::LostReply], 2, known, 3),
        ("the reply, and every answer about it", vec![Fault::LostReply], 3, unknown, 3),
        ("the reply under the lock", vec![Fault::Conflict, Fault::LostReply], 0, known, 1),
        ("the commit, and then the reply", vec![Fault::LostCommit, Fault::LostReply], 0, known, 2),
    ] {
        let (world, storage) = scripted().await;
        storage.next_commits(faults);
        storage.fail_lookups(lookups_fail);
        let invite = || world.acme_by("ada").invite("bob@example.com", Grant::role("member"));
        // Without a key, so that it is not the key that saves it; whoever may be told "unknown" needs one.
        let first = if expected == known { invite() } else { invite().idempotency_key("k1") };
        assert_eq!(code(first.await), expected, "lost: {what}");
        assert_eq!(storage.lookups(), lookups, "lost: {what}");
        assert_eq!(world.acme_by("ada").waiting().await, ["bob@example.com"], "lost: {what}");
        let again = code(invite().idempotency_key("k1").await);
        assert_eq!(again, if expected == known { "already-invited" } else { "ok" }, "lost: {what}");
        assert_eq!(world.acme_by("ada").history().await.len(), 3, "lost: {what}");
        assert_eq!(world.deliver().await.sent, 1, "lost: {what}");
    }
}

#[tokio::test]
async fn a_lost_reply_to_a_batch_is_no_loss_to_any_of_it() {
    for fault in [Fault::LostReply, Fault::LostCommit] {
        let (world, storage) = scripted().await;
        storage.next_commits([Fault::None, fault]);
        let codes = join_all(pile_up(&world, &storage, 30).await).await.into_iter().map(code);
        assert_eq!(codes.collect::<Vec<_>>(), ["ok"; 30], "{fault:?}");
        assert_eq!(world.acme_by("ada").waiting().await.len(), 30);
        assert_eq!(world.acme_by("ada").history().await.len(), 32, "{fault:?}");
    }
}

/// STO-3
#[tokio::test]
async fn a_store_that_is_away_grants_nothing_and_loses_nothing_that_was_acknowledged() {
    let (world, storage) = scripted().await;
    let acme = world.acme_by("ada");
    inviting(&world, "ada", "kept").await.unwrap();

    storage.fail_loads(1);
    let error = inviting(&world, "ada", "bob").await.unwrap_err();
    assert_eq!(error.code(), "storage-unavailable");
    assert_eq!(error.remedy(), "try again in a moment: nothing was changed");
    storage.fail_loads(1);
    assert_eq!(code(acme.may("ada", "posts.view").await), "storage-unavailable");
    storage.fail_loads(1);
    assert_eq!(code(acme.organization().get().await), "storage-unavailable");

    storage.next_commits([Fault::Unavailable]);
    assert_eq!(code(inviting(&world, "ada", "bob").await), "storage-unavailable");
    storage.next_commits([Fault::None, Fault::Unavailable, Fault::None]);
    let codes = join_all(pile_up(&world, &storage, 10).await).await.into_iter().map(code).collect::<Vec<_>>();
    assert_eq!(
        codes,
        [["ok"; 1].as_slice(), &["storage-unavailable"; 9]].concat(),
        "all of a batch are told"
    );
    inviting(&world, "ada", "after").await.unwrap();

    let mut waiting = acme.waiting().await;
    waiting.sort();
    assert_eq!(waiting, ["after@example.com", "kept@example.com", "u0@example.com"]);
    assert_eq!(world.deliver().await.sent, 3);
}

/// What changes nothing does not write.
#[tokio::test]
async fn a_batch_of_refusals_writes_nothing() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let mut commands = (0..10).map(|n| inviting(&world, "mallory", &format!("u{n}"))).collect::<Vec<_>>();
    for command in &mut commands {
        begin(command).await;
    }
    gate.open();
    for invited in join_all(commands).await {
        assert_eq!(invited.unwrap_err().refused().map(invite::Refusal::code), Some("not-permitted"));
    }
    assert_eq!((storage.loads(), storage.commits()), (2, 0));
}

/// STO-4: a commit that arrives after it was asked for in vain is not done twice, and its own caller is not told
/// that somebody else was first.
#[tokio::test]
async fn a_late_commit_has_one_effect() {
    let (world, storage) = scripted().await;
    let acme = world.acme_by("ada");
    storage.next_commits([Fault::LateCommit]);
    let invited = acme.invite(address("bob@example.com"), Grant::role("member")).await.unwrap();
    let id = invited.invitations().next().unwrap();
    storage.next_commits([Fault::LateCommit]);
    acme.remind(id).await.unwrap();
    assert_eq!(world.deliver().await.sent, 2, "the invitation and one reminder");
    storage.next_commits([Fault::LateCommit]);
    let token = world.token_to("bob@example.com");
    assert_eq!(world.invite.accept(&token, person("bob")).await.unwrap().user.as_str(), "bob");
    let kinds = acme.events(0, 100).await.unwrap().into_iter().map(|event| event.kind);
    let kinds = kinds.skip_while(|kind| kind != "invitation-created").collect::<Vec<_>>();
    let expected = ["invitation-created", "invitation-reminded", "invitation-accepted", "member-joined"];
    assert_eq!(kinds, expected);
}

/// Its task awaits something else, of the same organization even.
#[tokio::test]
async fn a_caller_who_is_not_polled_holds_nobody_up() {
    let (world, storage) = scripted().await;
    let gate = storage.hold_load("acme");
    let mut unpolled = inviting(&world, "ada", "bob");
    begin(&mut unpolled).await;
    gate.open();
    inviting(&world, "ada", "eve").await.unwrap();
    unpolled.await.unwrap();
    assert_eq!(world.acme_by("ada").waiting().await.len(), 2);
}

/// Whoever waited in a task of a runtime that ends is told so, and the organization goes on.
#[test]
fn a_runtime_that_ends_leaves_no_organization_behind() {
    let [main, other] = [(); 2].map(|()| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    });
    let (world, storage) = main.block_on(scripted());
    let gate = storage.hold_load("acme");
    let [first, second, later] = ["bob", "eve", "dan"].map(|name| inviting(&world, "ada", name));
    let first = other.spawn(first);
    main.block_on(gate.reached());
    let second = other.spawn(second);
    other.shutdown_background();
    gate.open();
    assert!(main.block_on(first).is_err() && main.block_on(second).is_err(), "their tasks are no more");
    main.block_on(later).unwrap();
}
