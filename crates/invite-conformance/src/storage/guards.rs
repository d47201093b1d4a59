//! Cases of the sentence on versions.

use std::sync::Arc;

use invite_core::*;
use invite_storage::Storage;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::refusing::{changed, conflicts};
use super::rows::*;
use super::{Fixture, Subject};

pub(super) async fn version_guards(fixture: Subject) {
    let store = fixture.storage();
    let mut ahead = header("acme");
    ahead.version = 1;
    conflicts(store, "a version of an organization that does not exist", &on(&ahead)).await;

    let first = created(store, &[], &[]).await;
    conflicts(store, "creating it again", &on(&header("acme"))).await;
    let second = written(store, &on(&first)).await;
    conflicts(store, "an earlier version", &on(&first)).await;
    let mut ahead = second.clone();
    ahead.version = 3;
    conflicts(store, "a later version", &on(&ahead)).await;
    written(store, &on(&second)).await;
}

/// A commit of nothing but records of commands is guarded like any other, and leaves the version as it is.
pub(super) async fn version_guards_records_of_commands_alone(fixture: Subject) {
    let store = fixture.storage();
    let first = created(store, &[], &[]).await;
    let second = written(store, &on(&first)).await;
    let mut alone = changed(&first, |c| {
        c.header = None;
        c.events.clear();
        c.commands = vec![command("ada", "{}")];
    });
    conflicts(store, "an earlier version without a header", &alone).await;
    alone.version = second.version + 1;
    conflicts(store, "a later version without a header", &alone).await;
    alone.version = second.version;
    store.commit(&alone).await.unwrap();
    assert_eq!(current(store, &acme()).await, second, "no header, no new version");
    written(store, &on(&second)).await;
}

/// Two readers and two writers, step by step, in every order in which both read before one has written.
pub(super) async fn version_guards_two_writers(fixture: Subject) {
    two_writers([fixture.storage(); 2]).await;
}

pub(super) async fn version_guards_two_writers_with_a_handle_each(fixture: Subject) {
    let another = fixture.must_have_another().await;
    two_writers([fixture.storage(), &*another]).await;
}

async fn two_writers(handles: [&dyn Storage; 2]) {
    let [store, _] = handles;
    created(store, &[], &[]).await;
    for (round, order) in (0_i64..).zip([[0, 1], [1, 0]]) {
        let mut decided = Vec::new();
        for (n, handle) in handles.iter().enumerate() {
            let header = current(*handle, &acme()).await;
            let name = format!("user-{round}-{n}");
            decided.push(changed(&header, |c| c.members = vec![RowChange::Insert(member(&name, round))]));
        }
        let [winner, loser] = order;
        written(handles[winner], &decided[winner]).await;
        let answer = handles[loser].commit(&decided[loser]).await;
        assert!(is_conflict(&answer), "expected: the second writer has a conflict; seen: {answer:?}");
        for (n, handle) in handles.iter().enumerate() {
            let reads = Reads::new().member(user(&format!("user-{round}-{loser}")));
            let slice = handle.load(&acme(), &reads, at(0)).await.unwrap();
            let row = slice.member(&user(&format!("user-{round}-{loser}"))).unwrap();
            assert_eq!(row, None, "a row of the refused commit, read by handle {n}");
        }
    }
    let members = store.members(&acme(), &Default::default(), &all()).await.unwrap();
    assert_eq!(members.len(), 2, "one member for each round");
}

/// Everybody loads, then everybody commits: of any number of commits on one version, one is written.
pub(super) async fn version_guards_in_a_race(fixture: Subject) {
    race(fixture, None).await;
}

pub(super) async fn version_guards_in_a_race_of_two_handles(fixture: Subject) {
    let another = fixture.must_have_another().await;
    race(fixture, Some(another)).await;
}

async fn race(fixture: Subject, another: Option<Box<dyn Storage>>) {
    const RACERS: usize = 12;
    let others = Arc::new(another);
    let fixture: Arc<dyn Fixture> = fixture.into();
    for round in 0..8 {
        let barrier = Arc::new(Barrier::new(RACERS));
        let mut racers = JoinSet::new();
        for n in 0..RACERS {
            let (fixture, others, barrier) = (fixture.clone(), others.clone(), barrier.clone());
            racers.spawn(async move {
                let store = match others.as_deref() {
                    Some(other) if n % 2 == 1 => other,
                    _ => fixture.storage(),
                };
                let slice = store.load(&acme(), &Reads::new(), at(0)).await.unwrap();
                let commit = changed(slice.organization().unwrap_or(&header("acme")), |c| {
                    c.members = vec![RowChange::Insert(member(&format!("{round}-{n}"), 0))];
                });
                // Between load and commit: without it a store that does not look would pass.
                barrier.wait().await;
                let answer = store.commit(&commit).await;
                assert!(
                    answer.is_ok() || is_conflict(&answer),
                    "expected: written or a conflict; seen: {answer:?}"
                );
                (slice.version(), answer.is_ok().then_some(commit.id))
            });
        }
        let mut winners = Vec::new();
        while let Some(racer) = racers.join_next().await {
            let (version, winner) = super::joined(racer);
            assert_eq!(version, round, "the version read in round {round}");
            winners.extend(winner);
        }
        assert_eq!(winners.len(), 1, "commits written on version {round}, of {RACERS}");
        let store = fixture.storage();
        assert!(store.find_commit(&acme(), winners[0]).await.unwrap());
        let members = store.members(&acme(), &Default::default(), &all()).await.unwrap();
        assert_eq!(members.len() as u64, round + 1, "members after round {round}");
    }
}

/// What was acknowledged in one organization is there while many others are at work.
pub(super) async fn version_guards_each_of_many_organizations(fixture: Subject) {
    const TENANTS: u32 = 12;
    let fixture: Arc<dyn Fixture> = fixture.into();
    let barrier = Arc::new(Barrier::new(TENANTS as usize));
    let mut tenants = JoinSet::new();
    for n in 0..TENANTS {
        let (fixture, barrier) = (fixture.clone(), barrier.clone());
        tenants.spawn(async move {
            let store = fixture.storage();
            let id = format!("org-{n:02}");
            let row = invitation(n, "bob@example.com");
            let mut header = header(&id);
            barrier.wait().await;
            for round in 0..5 {
                let mut commit = on(&header);
                if round == 0 {
                    insert_invitations(&mut commit, std::slice::from_ref(&row));
                    insert_members(&mut commit, &[member("ada", n.into())]);
                }
                header = written(store, &commit).await;
                let inbox = store.inbox(std::slice::from_ref(&row.invitee), at(0), &all()).await.unwrap();
                assert!(inbox.iter().any(|entry| entry.organization.as_str() == id), "{id} in the inbox");
                let listed = store.memberships(&user("ada"), &all()).await.unwrap();
                assert!(
                    listed.iter().any(|entry| entry.organization.as_str() == id),
                    "{id} among memberships"
                );
            }
        });
    }
    while let Some(tenant) = tenants.join_next().await {
        super::joined(tenant);
    }
    let store = fixture.storage();
    for n in 0..TENANTS {
        let header = current(store, &organization(&format!("org-{n:02}"))).await;
        assert_eq!(header.version, 5, "{}", header.id);
    }
}
