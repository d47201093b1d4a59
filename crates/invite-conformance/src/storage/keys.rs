//! Cases of the sentences on keys.

use std::sync::Arc;

use invite_core::*;
use invite_storage::{CommitError, Storage};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::refusing::{Spoil, assert_same, changed, conflicts};
use super::rows::*;
use super::{Fixture, Subject};

/// `acme` with a row of each kind that has a key: an invitation with its place, `ada`, who is in a group, a link, a join
/// request, a suppression and a delivery.
pub(crate) async fn held(store: &dyn Storage) -> (Invitation, Organization) {
    let held = invitation(1, "bob@example.com");
    let first = changed(&header("acme"), |c| {
        insert_invitations(c, std::slice::from_ref(&held));
        insert_members(c, &[member("ada", 0)]);
        c.group_members = vec![RowChange::Insert(in_group("red", "ada", 0))];
        c.groups = vec![RowChange::Insert(a_group("red", 0))];
        c.links = vec![RowChange::Insert(link(1))];
        insert_requests(c, &[request(1, "eve")]);
        c.suppressions = vec![RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail))];
        c.deliveries = vec![delivery(1, &held)];
    });
    let header = written(store, &first).await;
    (held, header)
}

/// Commits that are conflicts: their rows are there and must not be, or the other way round.
pub(crate) fn against_keys(header: &Organization, held: &Invitation) -> Vec<(&'static str, Commit)> {
    let free = invitation(2, "eve@example.com");
    let blocked = || suppression("bob@example.com", SuppressionKind::Mail);
    let unblocked = || suppression("eve@example.com", SuppressionKind::Mail);
    let members = |change| changed(header, |c| c.members = vec![change]);
    let invitations = |change| changed(header, |c| c.invitations = vec![change]);
    let places = |change| changed(header, |c| c.places = vec![change]);
    let suppressions = |change| changed(header, |c| c.suppressions = vec![change]);
    let group_members = |change| changed(header, |c| c.group_members = vec![change]);
    let groups = |change| changed(header, |c| c.groups = vec![change]);
    let links = |change| changed(header, |c| c.links = vec![change]);
    let requests = |change| changed(header, |c| c.requests = vec![change]);
    let elsewhere = || in_group("blue", "ada", 0);
    vec![
        (
            "a member inserted into a group who is in it",
            group_members(RowChange::Insert(in_group("red", "ada", 5))),
        ),
        ("an update of nobody in a group", group_members(RowChange::Update(elsewhere()))),
        ("a delete of nobody in a group", group_members(RowChange::Delete((group("blue"), user("ada"))))),
        ("a group inserted that is there", groups(RowChange::Insert(a_group("red", 5)))),
        ("an update of no group", groups(RowChange::Update(a_group("blue", 5)))),
        ("a delete of no group", groups(RowChange::Delete(group("blue")))),
        ("a link inserted that is there", links(RowChange::Insert(link(1)))),
        ("an update of no link", links(RowChange::Update(link(2)))),
        ("a delete of no link", links(RowChange::Delete(link_id(2)))),
        ("a join request inserted that is there", requests(RowChange::Insert(request(1, "bob")))),
        ("an update of no join request", requests(RowChange::Update(request(2, "eve")))),
        ("a delete of no join request", requests(RowChange::Delete(request_id(2)))),
        ("a member inserted who is there", members(RowChange::Insert(member("ada", 5)))),
        ("an update of nobody", members(RowChange::Update(member("bob", 5)))),
        ("a delete of nobody", members(RowChange::Delete(user("bob")))),
        ("an invitation inserted that is there", invitations(RowChange::Insert(held.clone()))),
        ("an update of no invitation", invitations(RowChange::Update(free.clone()))),
        ("a delete of no invitation", invitations(RowChange::Delete(free.id))),
        ("a place inserted that is there", places(RowChange::Insert(place(held)))),
        ("an update of no place", places(RowChange::Update(place(&free)))),
        ("a delete of no place", places(RowChange::Delete(place_key(&free)))),
        ("a suppression inserted that is there", suppressions(RowChange::Insert(blocked()))),
        ("an update of no suppression", suppressions(RowChange::Update(unblocked()))),
        (
            "a delete of no suppression",
            suppressions(RowChange::Delete((unblocked().invitee, unblocked().kind))),
        ),
        ("a delivery inserted that is there", changed(header, |c| c.deliveries = vec![delivery(1, held)])),
    ]
}

pub(super) async fn insert_is_not_put(fixture: Subject) {
    let store = fixture.storage();
    let (held, header) = held(store).await;
    for (what, commit) in against_keys(&header, &held) {
        conflicts(store, what, &commit).await;
    }
    let right = changed(&header, |c| {
        c.members = vec![RowChange::Delete(user("ada"))];
        c.invitations = vec![RowChange::Delete(held.id)];
        c.places = vec![RowChange::Delete(place_key(&held))];
        c.suppressions = vec![RowChange::Update(Suppression {
            at: at(9),
            ..suppression("bob@example.com", SuppressionKind::Mail)
        })];
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

/// Commits that contradict themselves.
pub(crate) fn contradictions(header: &Organization, held: &Invitation) -> Vec<(&'static str, Commit)> {
    let globex = || organization("globex");
    let spoils: [Spoil<'_>; 9] = [
        ("a header of a later version", &|c| c.header.as_mut().unwrap().version += 1),
        ("a header of an earlier version", &|c| c.header.as_mut().unwrap().version -= 1),
        ("a header of another organization", &|c| c.header.as_mut().unwrap().id = globex()),
        ("events without a header", &|c| c.header = None),
        ("a delivery of another organization", &|c| {
            c.deliveries = vec![Delivery { organization: globex(), ..delivery(1, held) }];
        }),
        ("an event of a sequence that is taken", &|c| c.events[0].sequence -= 1),
        ("an event that leaves a gap", &|c| c.events[0].sequence += 1),
        ("an event of another commit", &|c| c.events[0].commit = commit_id()),
        ("a version past the last one", &|c| {
            c.version = u64::MAX;
            c.events[0].sequence = 0;
        }),
    ];
    spoils.into_iter().map(|(what, spoil)| (what, changed(header, spoil))).collect()
}

/// No version would make such a commit right: a caller that took it for a conflict would try for ever.
pub(super) async fn insert_is_not_put_and_contradictions_are_errors(fixture: Subject) {
    let store = fixture.storage();
    let (held, header) = held(store).await;
    let before = everything(store).await;
    for (what, commit) in contradictions(&header, &held) {
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
