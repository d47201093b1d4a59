//! Cases of the sentences on exclusive units.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use invite_core::*;
use invite_storage::{CommitError, Exclusive, Storage};
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

use super::rows::*;
use super::{Fixture, Subject};

/// For so long is looked whether something goes on that must not. A store that is right always passes.
const GLANCE: Duration = Duration::from_millis(40);

/// Longer than anything takes that waits for nobody.
const PATIENCE: Duration = Duration::from_secs(20);

async fn header_in(unit: &mut dyn Exclusive) -> Organization {
    unit.load(&Reads::new(), at(0)).await.unwrap().organization().unwrap().clone()
}

/// Writes an empty commit into a unit, on the version that the unit sees.
async fn step(unit: &mut dyn Exclusive) -> Commit {
    let commit = on(&header_in(unit).await);
    if let Err(error) = unit.write(&commit).await {
        panic!("expected: a unit never conflicts; seen: {error:?}");
    }
    commit
}

async fn has(store: &dyn Storage, id: &str) -> bool {
    let slice = store.load(&acme(), &Reads::new().member(user(id)), at(0)).await.unwrap();
    slice.member(&user(id)).unwrap().is_some()
}

pub(super) async fn exclusive_waits(fixture: Subject) {
    let store = fixture.storage();
    waits(store, store).await;
}

pub(super) async fn exclusive_waits_for_another_handle(fixture: Subject) {
    let another = fixture.must_have_another().await;
    waits(fixture.storage(), &*another).await;
}

async fn waits(store: &dyn Storage, other: &dyn Storage) {
    created(store, &[], &[]).await;
    let mut first = store.exclusive(&acme()).await.unwrap();
    let acme = acme();
    let mut second = pin!(other.exclusive(&acme));
    let early = timeout(GLANCE, &mut second).await.is_ok();
    assert!(!early, "expected: the second unit waits; seen: it began while the first was open");
    step(&mut *first).await;
    let early = timeout(GLANCE, &mut second).await.is_ok();
    assert!(!early, "expected: the second unit waits; seen: it began before the first was committed");
    first.commit().await.unwrap();
    let mut second = timeout(PATIENCE, second).await.expect("the second unit began").unwrap();
    let seen = header_in(&mut *second).await.version;
    assert_eq!(seen, 2, "the version that the second unit reads");
    step(&mut *second).await;
    second.commit().await.unwrap();
    assert_eq!(current(store, &acme).await.version, 3);
}

pub(super) async fn exclusive_is_current(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    let mut unit = store.exclusive(&acme()).await.unwrap();
    let first = header_in(&mut *unit).await;
    // Decided on the same version: it comes after the unit, or not at all.
    let commit = on(&header);
    let mut outside = pin!(store.commit(&commit));
    let early = timeout(GLANCE, &mut outside).await;
    let written = matches!(early, Ok(Ok(())));
    assert!(!written, "expected: no commit comes between load and commit of a unit; seen: one was written");
    let answer = unit.write(&on(&first)).await;
    assert!(answer.is_ok(), "expected: a unit never conflicts; seen: {answer:?}");
    unit.commit().await.unwrap();
    let answer = match early {
        Ok(answer) => answer,
        Err(_) => timeout(PATIENCE, outside).await.expect("the commit ended"),
    };
    assert!(is_conflict(&answer), "expected: the commit has a conflict; seen: {answer:?}");
    assert_eq!(current(store, &acme()).await.version, 2);
}

/// Half of the tasks try until their commit is written, half lock first. Each counts one in the header.
pub(super) async fn exclusive_is_current_among_many(fixture: Subject) {
    const TASKS: u32 = 6;
    const EACH: u32 = 8;
    let fixture: Arc<dyn Fixture> = fixture.into();
    created(fixture.storage(), &[], &[]).await;
    let counted = |header: &Organization| {
        let mut commit = on(header);
        commit.header.as_mut().unwrap().counts.members += 1;
        commit
    };
    let barrier = Arc::new(Barrier::new(TASKS as usize));
    let mut tasks = JoinSet::new();
    for n in 0..TASKS {
        let (fixture, barrier) = (fixture.clone(), barrier.clone());
        tasks.spawn(async move {
            let store = fixture.storage();
            barrier.wait().await;
            for _ in 0..EACH {
                if n % 2 == 0 {
                    loop {
                        let header = current(store, &acme()).await;
                        yield_now().await;
                        if store.commit(&counted(&header)).await.is_ok() {
                            break;
                        }
                    }
                } else {
                    let mut unit = store.exclusive(&acme()).await.unwrap();
                    let header = header_in(&mut *unit).await;
                    yield_now().await;
                    let answer = unit.write(&counted(&header)).await;
                    assert!(answer.is_ok(), "expected: a unit never conflicts; seen: {answer:?}");
                    yield_now().await;
                    unit.commit().await.unwrap();
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        super::joined(task);
    }
    let header = current(fixture.storage(), &acme()).await;
    let seen = (header.counts.members, header.version);
    assert_eq!(seen, (TASKS * EACH, u64::from(TASKS * EACH) + 1), "every one counted, and its version");
}

/// A commit in every table.
fn broad(header: &Organization, held: &Invitation) -> Commit {
    let mut commit = on(header);
    insert_invitations(&mut commit, &[invitation(2, "eve@example.com")]);
    commit.members = vec![RowChange::Delete(user("ada")), RowChange::Insert(member("bob", 1))];
    commit.invitations.push(RowChange::Update(revoked(held.clone(), 2)));
    commit.places.push(RowChange::Delete(place_key(held)));
    commit.suppressions = vec![RowChange::Insert(suppression("eve@example.com", SuppressionKind::Mail))];
    commit.deliveries = vec![delivery(1, held)];
    commit.limits = vec![(LimitSubject::Inviter(user("ada")), at(1))];
    commit.commands = vec![command("ada", "{}")];
    commit
}

pub(super) async fn dropped_is_rolled_back(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let header = created(store, std::slice::from_ref(&row), &[member("ada", 0)]).await;
    let before = everything(store).await;
    let commit = broad(&header, &row);
    for writes in 0..3 {
        let mut unit = store.exclusive(&acme()).await.unwrap();
        if writes > 0 {
            unit.write(&commit).await.unwrap();
        }
        for _ in 1..writes {
            step(&mut *unit).await;
        }
        assert_eq!(header_in(&mut *unit).await.version, 1 + writes, "the unit sees what it wrote");
        drop(unit);
        assert!(
            everything(store).await == before,
            "expected: a dropped unit changed nothing; seen: other rows"
        );
        assert!(!store.find_commit(&acme(), commit.id).await.unwrap(), "a commit of a dropped unit is found");
    }
    drop(store.exclusive(&acme()).await.unwrap());
    written(store, &commit).await;
    assert!(store.find_commit(&acme(), commit.id).await.unwrap());
}

/// A call that was given up at any point ends the unit as well.
pub(super) async fn dropped_is_rolled_back_half_way(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    let mut commit = on(&header);
    insert_members(&mut commit, &[member("bob", 1)]);
    for polls in 0..4 {
        let mut unit = store.exclusive(&acme()).await.unwrap();
        {
            let mut writing = pin!(unit.write(&commit));
            for _ in 0..polls {
                if writing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
            }
        }
        drop(unit);
        // What is still under way ends before the next unit begins.
        drop(store.exclusive(&acme()).await.unwrap());
        assert!(!has(store, "bob").await, "a member that a unit wrote whose write was given up");
    }
    written(store, &commit).await;
    assert!(has(store, "bob").await);
}

/// After a write that failed, nothing of the unit can become true.
pub(super) async fn dropped_is_rolled_back_after_a_failed_write(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let mut first = on(&header("acme"));
    insert_invitations(&mut first, std::slice::from_ref(&row));
    first.deliveries = vec![delivery(1, &row)];
    let header = written(store, &first).await;
    let before = everything(store).await;

    let mut unit = store.exclusive(&acme()).await.unwrap();
    let good = step(&mut *unit).await;
    assert!(matches!(unit.write(&good).await, Err(CommitError::Conflict)), "the same commit twice");
    assert!(unit.commit().await.is_err(), "expected: a unit with a failed write is not committed");
    assert!(everything(store).await == before, "expected: it changed nothing; seen: other rows");

    let mut unit = store.exclusive(&acme()).await.unwrap();
    let mut failing = on(&header);
    insert_members(&mut failing, &[member("bob", 1)]);
    // The last rows of the commit are taken already.
    failing.deliveries = first.deliveries.clone();
    assert!(matches!(unit.write(&failing).await, Err(CommitError::Conflict)), "a delivery that is there");
    assert!(unit.commit().await.is_err(), "expected: a unit with a failed write is not committed");
    assert!(everything(store).await == before, "expected: it changed nothing; seen: other rows");
    written(store, &good).await;
}

/// Several writes in one unit: it sees them, nobody else does before they are true, and then they all are.
pub(super) async fn dropped_is_rolled_back_and_unseen_before(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    // A store may let others wait for the unit; what it may not do is show them what is not true yet.
    let versions_outside = async || {
        let (acme, reads) = (acme(), Reads::new());
        let load = timeout(GLANCE, store.load(&acme, &reads, at(0))).await;
        load.map_or(1, |slice| slice.unwrap().version())
    };
    let row = invitation(1, "bob@example.com");
    let mut unit = store.exclusive(&acme()).await.unwrap();
    let mut first = on(&header);
    insert_invitations(&mut first, std::slice::from_ref(&row));
    first.deliveries = vec![delivery(1, &row)];
    unit.write(&first).await.unwrap();
    let slice = unit.load(&Reads::new().invitation(row.id), at(0)).await.unwrap();
    assert_eq!(slice.invitation(row.id).unwrap(), Some(&row), "what the unit wrote, read by the unit");
    assert_eq!(versions_outside().await, 1, "the version that others see");

    let mut second = on(slice.organization().unwrap());
    second.invitations = vec![RowChange::Update(revoked(row.clone(), 1))];
    second.places = vec![RowChange::Delete(place_key(&row))];
    unit.write(&second).await.unwrap();
    let slice = unit.load(&Reads::new().invitee(row.invitee.clone()), at(0)).await.unwrap();
    assert_eq!((slice.version(), slice.open_of(&row.invitee).unwrap().count()), (3, 0));
    assert_eq!(versions_outside().await, 1, "the version that others see");

    unit.commit().await.unwrap();
    assert_eq!(current(store, &acme()).await.version, 3);
    for commit in [first, second] {
        assert!(store.find_commit(&acme(), commit.id).await.unwrap(), "a commit of a committed unit");
    }
    assert_eq!(
        store.lease(at(50), at(60), 9).await.unwrap().leased.len(),
        1,
        "deliveries of a committed unit"
    );
}

/// A unit may create its organization, and is of no other.
pub(super) async fn exclusive_is_current_in_what_does_not_exist(fixture: Subject) {
    let store = fixture.storage();
    let mut unit = store.exclusive(&acme()).await.unwrap();
    assert_eq!(unit.load(&Reads::new(), at(0)).await.unwrap().version(), 0);
    drop(unit);
    assert_eq!(store.load(&acme(), &Reads::new(), at(0)).await.unwrap().version(), 0);
    let mut unit = store.exclusive(&acme()).await.unwrap();
    unit.write(&on(&header("acme"))).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(current(store, &acme()).await.version, 1);

    let mut unit = store.exclusive(&acme()).await.unwrap();
    let answer = unit.write(&on(&header("globex"))).await;
    let is_error = matches!(answer, Err(CommitError::Storage(_)));
    assert!(
        is_error,
        "a commit of another organization\n  expected: a storage error\n      seen: {answer:?}"
    );
    drop(unit);
    assert_eq!(store.load(&organization("globex"), &Reads::new(), at(0)).await.unwrap().version(), 0);
}

pub(super) async fn organizations_do_not_wait(fixture: Subject) {
    let store = fixture.storage();
    created(store, &[], &[]).await;
    written(store, &on(&header("globex"))).await;
    let mut unit = store.exclusive(&acme()).await.unwrap();
    step(&mut *unit).await;
    let (globex, reads) = (organization("globex"), Reads::new());
    let load = timeout(PATIENCE, store.load(&globex, &reads, at(0))).await;
    let slice = load.expect("expected: a unit of acme delays no load of globex; seen: it waits").unwrap();
    assert_eq!(slice.version(), 1);
    let events = timeout(PATIENCE, store.events(&globex, 0, 9)).await;
    assert_eq!(events.expect("a list of globex does not wait").unwrap().len(), 1);
    unit.commit().await.unwrap();
}
