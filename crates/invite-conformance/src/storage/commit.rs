//! Cases of the sentences on commits: guards, keys and wholeness.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use invite_core::*;
use invite_storage::{CommitError, Storage};
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};

use super::rows::*;
use super::{Fixture, Subject};

/// What makes a right commit wrong, and its name.
type Spoil<'a> = (&'a str, &'a dyn Fn(&mut Commit));

/// The commit is a conflict, and nothing changes.
async fn conflicts(store: &dyn Storage, what: &str, commit: &Commit) {
    let before = everything(store).await;
    let answer = store.commit(commit).await;
    assert!(is_conflict(&answer), "{what}\n  expected: a conflict\n      seen: {answer:?}");
    assert_same(&everything(store).await, &before, what);
    let found = store.find_commit(&commit.organization, commit.id).await.unwrap();
    assert!(!found, "{what}: the refused commit is found");
}

/// The same text; if not, the first line that is another one.
fn assert_same(seen: &str, before: &str, what: &str) {
    if seen == before {
        return;
    }
    let lines = before.lines().zip(seen.lines()).enumerate();
    let Some((n, (was, is))) = lines.into_iter().find(|(_, (was, is))| was != is) else {
        panic!("{what} changed something: there are more or fewer rows than before");
    };
    let around = before.lines().skip(n.saturating_sub(3)).take(3).collect::<Vec<_>>().join("\n");
    panic!("{what} changed something\n{around}\n  expected: {was}\n      seen: {is}");
}

fn changed(header: &Organization, change: impl FnOnce(&mut Commit)) -> Commit {
    let mut commit = on(header);
    change(&mut commit);
    commit
}

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
    let another = fixture.another().await;
    let store = fixture.storage();
    let handles = [store, another.as_deref().unwrap_or(store)];
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
    const RACERS: usize = 12;
    let others = Arc::new(fixture.another().await);
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

/// A commit that is right in every table, and ones that are the same but for one row at the end of a table.
pub(super) async fn all_or_nothing(fixture: Subject) {
    let store = fixture.storage();
    let held = invitation(1, "bob@example.com");
    let ada = member("ada", 0);
    let first = changed(&header("acme"), |c| {
        insert_invitations(c, std::slice::from_ref(&held));
        insert_members(c, std::slice::from_ref(&ada));
        c.suppressions = vec![RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail))];
        c.deliveries = vec![delivery(1, &held)];
    });
    let header = written(store, &first).await;
    let right = || {
        let eve = invitation(2, "eve@example.com");
        changed(&header, |c| {
            insert_invitations(c, std::slice::from_ref(&eve));
            c.invitations.push(RowChange::Update(Invitation { revision: 1, ..held.clone() }));
            let email = |name| Some(address(&format!("{name}@example.com")));
            c.members = vec![
                RowChange::Insert(Member { email: email("eve"), ..member("eve", 1) }),
                RowChange::Update(Member { email: email("ada"), ..ada.clone() }),
            ];
            c.suppressions = vec![RowChange::Insert(suppression("eve@example.com", SuppressionKind::Mail))];
            c.limits = vec![(LimitSubject::Inviter(user("ada")), at(7))];
            c.commands = vec![command("ada", "{}")];
            c.deliveries = vec![delivery(2, &eve)];
        })
    };
    let ghost = invitation(3, "ghost@example.com");
    let spoils: [Spoil<'_>; 9] = [
        ("a member updated who is not there", &|c| c.members.push(RowChange::Update(member("x", 1)))),
        ("a member deleted who is not there", &|c| c.members.push(RowChange::Delete(user("x")))),
        ("an invitation inserted that is there", &|c| {
            c.invitations.pop();
            c.invitations.push(RowChange::Insert(held.clone()));
        }),
        ("an invitation updated that is not there", &|c| {
            c.invitations.push(RowChange::Update(ghost.clone()));
        }),
        ("a place that is taken", &|c| {
            c.places.push(RowChange::Insert(Place { invitation: invitation_id(2), ..place(&held) }));
        }),
        ("a place left that is not taken", &|c| c.places.push(RowChange::Delete(place_key(&ghost)))),
        ("a suppression inserted that is there", &|c| {
            c.suppressions.push(RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail)));
        }),
        ("a suppression deleted that is not there", &|c| {
            c.suppressions.push(RowChange::Delete((held.invitee.clone(), SuppressionKind::Invitations)));
        }),
        ("a delivery that is there", &|c| c.deliveries.push(delivery(1, &held))),
    ];
    for (what, spoil) in spoils {
        let mut commit = right();
        spoil(&mut commit);
        conflicts(store, what, &commit).await;
    }
    written(store, &right()).await;
}

/// A caller may be dropped at any point. Whatever came of the commit, it is whole, and `find_commit` tells.
pub(super) async fn all_or_nothing_when_the_caller_is_gone(fixture: Subject) {
    let store = fixture.storage();
    let mut header = created(store, &[], &[]).await;
    for polls in 0..12_usize {
        let commit = changed(&header, |c| {
            insert_invitations(
                c,
                &[invitation(u32::try_from(polls).unwrap(), &format!("{polls}@example.com"))],
            );
            insert_members(c, &[member(&format!("user-{polls}"), 0)]);
        });
        {
            let mut given_up = pin!(store.commit(&commit));
            for _ in 0..polls {
                let once = poll_fn(|context| Poll::Ready(given_up.as_mut().poll(context)));
                if once.await.is_ready() {
                    break;
                }
                yield_now().await;
            }
        }
        // An exclusive unit begins when whatever was under way has ended.
        drop(store.exclusive(&acme()).await.unwrap());
        let found = store.find_commit(&acme(), commit.id).await.unwrap();
        let id = user(&format!("user-{polls}"));
        let reads = Reads::new().member(id.clone()).invitation(invitation_id(u32::try_from(polls).unwrap()));
        let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
        let seen = [
            slice.version() > header.version,
            slice.member(&id).unwrap().is_some(),
            slice.invitation(invitation_id(u32::try_from(polls).unwrap())).unwrap().is_some(),
        ];
        assert_eq!(seen, [found; 3], "version, member and invitation; the commit is found: {found}");
        header = slice.organization().unwrap().clone();
    }
}

pub(super) async fn insert_is_not_put(fixture: Subject) {
    let store = fixture.storage();
    let (held, free) = (invitation(1, "bob@example.com"), invitation(2, "eve@example.com"));
    let blocked = || suppression("bob@example.com", SuppressionKind::Mail);
    let unblocked = || suppression("eve@example.com", SuppressionKind::Mail);
    let first = changed(&header("acme"), |c| {
        insert_invitations(c, std::slice::from_ref(&held));
        insert_members(c, &[member("ada", 0)]);
        c.suppressions = vec![RowChange::Insert(blocked())];
        c.deliveries = vec![delivery(1, &held)];
    });
    let header = written(store, &first).await;
    let members = |change| changed(&header, |c| c.members = vec![change]);
    let invitations = |change| changed(&header, |c| c.invitations = vec![change]);
    let places = |change| changed(&header, |c| c.places = vec![change]);
    let suppressions = |change| changed(&header, |c| c.suppressions = vec![change]);
    let wrong = [
        ("a member inserted who is there", members(RowChange::Insert(member("ada", 5)))),
        ("an update of nobody", members(RowChange::Update(member("bob", 5)))),
        ("a delete of nobody", members(RowChange::Delete(user("bob")))),
        ("an invitation inserted that is there", invitations(RowChange::Insert(held.clone()))),
        ("an update of no invitation", invitations(RowChange::Update(free.clone()))),
        ("a delete of no invitation", invitations(RowChange::Delete(free.id))),
        ("a place inserted that is there", places(RowChange::Insert(place(&held)))),
        ("an update of no place", places(RowChange::Update(place(&free)))),
        ("a delete of no place", places(RowChange::Delete(place_key(&free)))),
        ("a suppression inserted that is there", suppressions(RowChange::Insert(blocked()))),
        ("an update of no suppression", suppressions(RowChange::Update(unblocked()))),
        (
            "a delete of no suppression",
            suppressions(RowChange::Delete((unblocked().invitee, unblocked().kind))),
        ),
        ("a delivery inserted that is there", changed(&header, |c| c.deliveries = vec![delivery(1, &held)])),
    ];
    for (what, commit) in &wrong {
        conflicts(store, what, commit).await;
    }
    let right = changed(&header, |c| {
        c.members = vec![RowChange::Delete(user("ada"))];
        c.invitations = vec![RowChange::Delete(held.id)];
        c.places = vec![RowChange::Delete(place_key(&held))];
        c.suppressions = vec![RowChange::Update(Suppression { at: at(9), ..blocked() })];
    });
    let header = written(store, &right).await;
    let reads = Reads::new().invitation(held.id).invitee(held.invitee.clone()).member(user("ada"));
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.invitation(held.id).unwrap(), None, "a deleted invitation");
    assert_eq!(slice.member(&user("ada")).unwrap(), None, "a deleted member");
    assert_eq!(slice.suppressed_since(&held.invitee, SuppressionKind::Mail).unwrap(), Some(at(9)));
    assert_eq!(slice.open_of(&held.invitee).unwrap().count(), 0, "open invitations after the delete");

    // What was deleted can be inserted again.
    let again = changed(&header, |c| {
        insert_invitations(c, std::slice::from_ref(&held));
        insert_members(c, &[member("ada", 3)]);
    });
    written(store, &again).await;
}

pub(super) async fn insert_is_not_put_twice_in_one_commit(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    let (row, other) = (invitation(1, "bob@example.com"), invitation(2, "bob@example.com"));
    let twice = changed(&header, |c| insert_members(c, &[member("bob", 5), member("bob", 6)]));
    conflicts(store, "a member inserted twice in one commit", &twice).await;
    let twice = changed(&header, |c| {
        c.invitations = vec![RowChange::Insert(row.clone()), RowChange::Insert(row.clone())];
    });
    conflicts(store, "an invitation inserted twice in one commit", &twice).await;
    let twice = changed(&header, |c| insert_invitations(c, &[row.clone(), other.clone()]));
    conflicts(store, "a place taken twice in one commit", &twice).await;
    let twice = changed(&header, |c| {
        insert_invitations(c, std::slice::from_ref(&row));
        c.deliveries = vec![delivery(1, &row), delivery(1, &row)];
    });
    conflicts(store, "a delivery inserted twice in one commit", &twice).await;
}

pub(super) async fn insert_is_not_put_but_limits_and_commands_are(fixture: Subject) {
    let store = fixture.storage();
    let mut header = header("acme");
    for round in 1..=3 {
        let commit = changed(&header, |c| {
            c.limits =
                vec![(LimitSubject::Organization, at(round)), (LimitSubject::Inviter(user("ada")), at(9))];
            c.commands = vec![command("k", &format!("outcome {round}"))];
        });
        header = written(store, &commit).await;
        let mut reads = Reads::new().limits_of(&Actor::User(user("ada")));
        reads.commands.insert(command("k", "").key);
        let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
        assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), Some(at(round)));
        assert_eq!(slice.limit(&LimitSubject::Inviter(user("ada"))).unwrap(), Some(at(9)));
        assert_eq!(slice.command(&command("k", "").key).unwrap(), commit.commands.first());
    }
}

/// No version would make such a commit right: a caller that took it for a conflict would try for ever.
pub(super) async fn insert_is_not_put_and_contradictions_are_errors(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let header = created(store, std::slice::from_ref(&row), &[]).await;
    let before = everything(store).await;
    let globex = || organization("globex");
    let spoils: [Spoil<'_>; 9] = [
        ("a header of a later version", &|c| c.header.as_mut().unwrap().version += 1),
        ("a header of an earlier version", &|c| c.header.as_mut().unwrap().version -= 1),
        ("a header of another organization", &|c| c.header.as_mut().unwrap().id = globex()),
        ("events without a header", &|c| c.header = None),
        ("a delivery of another organization", &|c| {
            c.deliveries = vec![Delivery { organization: globex(), ..delivery(1, &row) }];
        }),
        ("an event of a sequence that is taken", &|c| c.events[0].sequence -= 1),
        ("an event that leaves a gap", &|c| c.events[0].sequence += 1),
        ("an event of another commit", &|c| c.events[0].commit = commit_id()),
        ("a version past the last one", &|c| {
            c.version = u64::MAX;
            c.events[0].sequence = 0;
        }),
    ];
    for (what, spoil) in spoils {
        let commit = changed(&header, spoil);
        let answer = store.commit(&commit).await;
        let is_error = matches!(answer, Err(CommitError::Storage(_)));
        assert!(is_error, "{what}\n  expected: a storage error\n      seen: {answer:?}");
        assert_same(&everything(store).await, &before, what);
    }
}

/// CON-3
pub(super) async fn one_place_one_invitation(fixture: Subject) {
    let store = fixture.storage();
    let first = invitation(1, "Bob@Example.com");
    let header = created(store, std::slice::from_ref(&first), &[]).await;
    let second = invitation(2, "bob@EXAMPLE.com");
    let takes = |header: &Organization, row: &Invitation| {
        changed(header, |c| insert_invitations(c, std::slice::from_ref(row)))
    };
    conflicts(store, "the place of the same address, typed otherwise", &takes(&header, &second)).await;

    let elsewhere = changed(&header, |c| {
        c.invitations = vec![RowChange::Insert(second.clone())];
        let scopes =
            [Scope::Group(group("g")), Scope::Group(group("G")), Scope::Group(group("organization"))];
        let place = |scope| RowChange::Insert(Place { scope, ..place(&second) });
        c.places = scopes.map(place).into();
    });
    let header = written(store, &elsewhere).await;
    let by_id = invitation_of(5, user("bob@example.com"));
    let header = written(store, &takes(&header, &by_id)).await;

    let freed = changed(&header, |c| {
        c.invitations = vec![RowChange::Update(revoked(first.clone(), 3))];
        c.places = vec![RowChange::Delete(place_key(&first))];
    });
    let header = written(store, &freed).await;
    let third = invitation(3, "bob@example.com");
    let header = written(store, &takes(&header, &third)).await;
    conflicts(store, "a place that was taken again", &takes(&header, &invitation(4, "bob@example.com")))
        .await;
}

/// One commit ends an invitation, makes its successor and gives it the place.
pub(super) async fn one_place_one_invitation_passed_on_in_one_commit(fixture: Subject) {
    let store = fixture.storage();
    let mut held = invitation(1, "bob@example.com");
    let mut header = created(store, std::slice::from_ref(&held), &[]).await;
    for n in 2..5 {
        let next = invitation(n, "bob@example.com");
        let commit = changed(&header, |c| {
            c.invitations =
                vec![RowChange::Insert(next.clone()), RowChange::Update(revoked(held.clone(), n.into()))];
            c.places = vec![RowChange::Update(place(&next))];
        });
        header = written(store, &commit).await;
        let reads = Reads::new().invitation(held.id).invitee(held.invitee.clone());
        let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
        let open = slice.open_of(&held.invitee).unwrap().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(open, [next.id], "the open invitation after {n} took the place");
        assert!(!slice.invitation(held.id).unwrap().unwrap().is_open());
        let again = changed(&header, |c| insert_invitations(c, &[invitation(9, "bob@example.com")]));
        conflicts(store, "the place that was passed on", &again).await;
        held = next;
    }
    // Left by one and taken by another: in which order the changes stand is not told.
    let (group_of, other) = (invitation(6, "eve@example.com"), invitation(7, "eve@example.com"));
    let header =
        written(store, &changed(&header, |c| insert_invitations(c, std::slice::from_ref(&group_of)))).await;
    let moved = changed(&header, |c| {
        c.invitations = vec![RowChange::Update(group_of.clone()), RowChange::Insert(other.clone())];
        c.places = vec![
            RowChange::Insert(Place { scope: Scope::Group(group("g")), ..place(&group_of) }),
            RowChange::Update(place(&other)),
        ];
    });
    let header = written(store, &moved).await;
    let ended = changed(&header, |c| {
        c.invitations = vec![RowChange::Update(revoked(group_of.clone(), 9))];
        c.places = vec![RowChange::Delete((Scope::Group(group("g")), group_of.invitee.clone()))];
    });
    let header = written(store, &ended).await;
    let again = changed(&header, |c| insert_invitations(c, &[invitation(8, "eve@example.com")]));
    conflicts(store, "the place that the other one holds", &again).await;
}

/// The key of places holds even against a caller who does not look.
pub(super) async fn one_place_one_invitation_in_a_race(fixture: Subject) {
    const RACERS: u32 = 6;
    let fixture: Arc<dyn Fixture> = fixture.into();
    created(fixture.storage(), &[], &[]).await;
    let barrier = Arc::new(Barrier::new(RACERS as usize));
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (fixture, barrier) = (fixture.clone(), barrier.clone());
        racers.spawn(async move {
            let store = fixture.storage();
            barrier.wait().await;
            let mut won = 0;
            for _ in 0..8 {
                let header = current(store, &acme()).await;
                let commit = changed(&header, |c| insert_invitations(c, &[invitation(n, "bob@example.com")]));
                won += u32::from(store.commit(&commit).await.is_ok());
            }
            won
        });
    }
    let mut won = 0;
    while let Some(racer) = racers.join_next().await {
        won += super::joined(racer);
    }
    assert_eq!(won, 1, "commits that took the place");
    let roster = fixture.storage().roster(&acme(), at(0), &all()).await.unwrap();
    assert_eq!(roster.len(), 1, "open invitations of one invitee");
}

/// STO-7
pub(super) async fn events_have_no_gaps(fixture: Subject) {
    let store = fixture.storage();
    let mut header = header("acme");
    let mut expected = Vec::new();
    for many in [1_u64, 3, 1, 7] {
        let commit = changed(&header, |c| {
            c.events = (1..=many).map(|n| event(c.id, header.version + n)).collect();
            c.header.as_mut().unwrap().version = header.version + many;
        });
        expected.extend((0..many).map(|_| commit.id));
        assert!(is_conflict(&store.commit(&on(&Organization { version: 99, ..header.clone() })).await));
        header = written(store, &commit).await;
    }
    let log = store.events(&acme(), 0, 100).await.unwrap();
    let sequences = log.iter().map(|entry| entry.sequence).collect::<Vec<_>>();
    assert_eq!(sequences, (1..=12).collect::<Vec<_>>(), "sequences of the log");
    assert_eq!(log.iter().map(|entry| entry.commit).collect::<Vec<_>>(), expected, "commits of the log");
    assert_eq!(store.events(&acme(), 4, 3).await.unwrap(), log[4..7], "three events behind the fourth");
    for after in [12, 13, u64::MAX >> 1, u64::MAX] {
        assert!(store.events(&acme(), after, 3).await.unwrap().is_empty(), "events behind {after}");
    }
    assert!(store.events(&acme(), 0, 0).await.unwrap().is_empty(), "no more than asked for");
}

/// STO-4
pub(super) async fn commit_is_found(fixture: Subject) {
    let store = fixture.storage();
    let commit = on(&header("acme"));
    let found =
        async |id: &str, commit: CommitId| store.find_commit(&organization(id), commit).await.unwrap();
    assert!(!found("acme", commit.id).await, "a commit that nobody sent");
    let next = written(store, &commit).await;
    assert!(found("acme", commit.id).await, "a commit that was written");
    assert!(!found("globex", commit.id).await, "in another organization");
    let refused = on(&header("acme"));
    assert!(is_conflict(&store.commit(&refused).await));
    assert!(!found("acme", refused.id).await, "a commit that was refused");
    let many = changed(&next, |c| {
        c.events.push(event(c.id, 3));
        c.header.as_mut().unwrap().version = 3;
    });
    written(store, &many).await;
    assert!(found("acme", commit.id).await, "an earlier commit");
    assert!(found("acme", many.id).await, "a commit of several events");
}

/// Every table, after the process that wrote it is gone.
pub(super) async fn acknowledged_is_kept(mut fixture: Subject) {
    let row = invitation(1, "bob@example.com");
    let first = changed(&header("acme"), |c| {
        insert_invitations(c, &[row.clone(), invitation(2, "eve@example.com")]);
        insert_members(c, &[member("ada", 0), member("eve", 1)]);
        c.suppressions = vec![RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail))];
        c.limits = vec![(LimitSubject::Organization, at(3)), (LimitSubject::Inviter(user("ada")), at(4))];
        c.commands = vec![command("ada", "{}")];
        c.deliveries = vec![delivery(1, &row), delivery(2, &row)];
    });
    let mut found = vec![first.id];
    let store = fixture.storage();
    let mut header = written(store, &first).await;
    store.lease(at(1), at(5), 1).await.unwrap();
    for n in 0..3 {
        let before = everything(fixture.storage()).await;
        fixture.reopen().await;
        let store = fixture.storage();
        assert_same(&everything(store).await, &before, "opening the store again");
        for id in &found {
            assert!(store.find_commit(&acme(), *id).await.unwrap(), "an acknowledged commit is not found");
        }
        let commit = changed(&header, |c| insert_members(c, &[member(&format!("user-{n}"), n)]));
        header = written(store, &commit).await;
        found.push(commit.id);
    }
    let leased = fixture.storage().lease(at(9), at(20), 9).await.unwrap().leased;
    let mut numbers = leased.iter().map(|leased| leased.delivery.lease).collect::<Vec<_>>();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2], "a lease counts on over the end of a process");
}
