//! Cases of the sentences on people: who is together, and who does not want to be invited.

use invite_core::*;
use invite_storage::{Storage, SuppressionEntry};

use super::Subject;
use super::rows::*;

async fn asked(store: &dyn Storage, circles: &[Circle], limit: u32) -> Vec<Vec<UserId>> {
    store.circles(circles, limit).await.unwrap()
}

/// Members, with their rows in groups.
fn insert_joined(commit: &mut Commit, members: &[Member]) {
    insert_members(commit, members);
    for row in members {
        for (scope, access) in row.grants.iter() {
            let Some(group) = scope.group().cloned() else { continue };
            let (user, role, joined_at) = (row.user.clone(), access.role_name().clone(), row.joined_at);
            commit.group_members.push(RowChange::Insert(GroupMember { group, user, role, joined_at }));
        }
    }
}

fn in_group(id: &str) -> Grants {
    Grant::role("member").in_group(group(id)).into()
}

/// Who left, and what they held: by then it was more with every second.
fn left(name: &str, at_: i64) -> Former {
    let grants = (0..=at_).map(|n| Grant::role("member").in_group(group(&n.to_string()))).collect();
    Former { user: user(name), left_at: at(at_), grants }
}

fn named<const N: usize>(names: [&str; N]) -> Vec<UserId> {
    names.map(user).to_vec()
}

pub(super) async fn circles_are_who_is_together(fixture: Subject) {
    let store = fixture.storage();
    let mut commit = on(&header("acme"));
    // Three to a second, every second one in the group.
    let members = (0..8_i64).map(|n| Member {
        grants: if n % 2 == 0 { in_group("red") } else { in_group("blue") },
        ..member(&format!("u{n}"), n / 3)
    });
    insert_joined(&mut commit, &members.collect::<Vec<_>>());
    written(store, &commit).await;
    let mut other = on(&header("globex"));
    let sue = Member { grants: in_group("red"), status: MemberStatus::Suspended, ..member("sue", 10) };
    let shut = Member { grants: in_group("shut"), ..member("ann", 1) };
    insert_joined(&mut other, &[Member { grants: in_group("red"), ..member("zoe", 9) }, sue, shut]);
    other.groups.push(RowChange::Insert(Group { status: GroupStatus::Archived, ..a_group("red", 0) }));
    other.groups.push(RowChange::Insert(Group { status: GroupStatus::Closed, ..a_group("shut", 0) }));
    other.former = vec![left("sue", 3), left("ben", 2)];
    written(store, &other).await;

    let red = || Circle::Group(organization("acme"), group("red"));
    let all =
        |until: Option<i64>| Circle::Members { organization: organization("acme"), until: until.map(at) };
    let seen = asked(store, &[red(), all(None), all(Some(1))], 9).await;
    assert_eq!(seen[0], named(["u6", "u4", "u2", "u0"]), "the members of a group, the newest first");
    let newest = named(["u7", "u6", "u5", "u4", "u3", "u2", "u1", "u0"]);
    assert_eq!(seen[1], newest, "the members, the newest first");
    assert_eq!(seen[2], newest[2..], "those who joined by then");
    let few = asked(store, &[all(None), red(), all(Some(0))], 2).await;
    assert_eq!(few, [named(["u7", "u6"]), named(["u6", "u4"]), named(["u2", "u1"])], "as many as asked for");
    let globex = || organization("globex");
    let theirs = [
        Circle::Group(globex(), group("red")),
        Circle::Members { organization: globex(), until: None },
        Circle::Former { organization: globex(), since: at(0) },
    ];
    let expected = [named(["zoe"]).to_vec(), named(["zoe", "ann"]), named(["ben"])];
    assert_eq!(asked(store, &theirs, 2).await, expected, "without who is suspended");
    let shut = Circle::Group(globex(), group("shut"));
    assert_eq!(asked(store, &[shut], 9).await, [Vec::new()], "a closed group has no circle");
    let nothing = [
        Circle::Group(organization("acme"), group("none")),
        Circle::Members { organization: organization("none"), until: None },
        Circle::Former { organization: organization("none"), since: at(0) },
    ];
    assert_eq!(asked(store, &nothing, 9).await, vec![Vec::new(); 3], "one of nothing is empty");
    assert_eq!(asked(store, &[], 9).await.len(), 0);
}

pub(super) async fn circles_are_who_is_together_and_was(fixture: Subject) {
    let store = fixture.storage();
    let left = |names: &[(&str, i64)]| names.iter().map(|(name, at_)| left(name, *at_)).collect::<Vec<_>>();
    let mut commit = on(&header("acme"));
    commit.former = left(&[("ann", 3), ("bob", 5), ("cid", 5), ("dan", 1)]);
    let acme = written(store, &commit).await;
    let mut other = on(&header("globex"));
    other.former = left(&[("bob", 9)]);
    written(store, &other).await;
    let was = |since: i64| Circle::Former { organization: organization("acme"), since: at(since) };
    let seen = asked(store, &[was(0), was(3), was(6)], 9).await;
    let latest = named(["cid", "bob", "ann", "dan"]);
    assert_eq!(
        seen,
        [latest.clone(), latest[..3].to_vec(), Vec::new()],
        "the last to leave first, since then"
    );
    assert_eq!(asked(store, &[was(0)], 2).await, [latest[..2].to_vec()], "as many as asked for");

    // Put: one row a person, with the last time, whoever is there now.
    let mut commit = on(&acme);
    commit.former = left(&[("dan", 8)]);
    insert_members(&mut commit, &[member("bob", 6)]);
    written(store, &commit).await;
    assert_eq!(asked(store, &[was(0)], 9).await, [named(["dan", "cid", "bob", "ann"])], "with the last time");
    let places = async |name: &str, limit| {
        let places = store.former_memberships(&user(name), limit).await.unwrap();
        places.into_iter().map(|row| (row.organization.to_string(), row.former)).collect::<Vec<_>>()
    };
    let place = |id: &str, name, at_| (id.to_owned(), self::left(name, at_));
    let bobs = [place("globex", "bob", 9), place("acme", "bob", 5)];
    assert_eq!(places("bob", 9).await, bobs, "in all organizations, with what they held");
    assert_eq!(places("bob", 1).await, bobs[..1], "as many as asked for");
    assert_eq!(places("dan", 9).await, [place("acme", "dan", 8)], "the last time");
    assert_eq!(places("eve", 9).await, []);
}

fn two() -> [Invitee; 2] {
    [address("bob@example.com").into(), user("bob").into()]
}

/// Since when an invitee blocks all organizations, as a load of one of them says.
async fn since(store: &dyn Storage, id: &str, invitee: &Invitee) -> Option<i64> {
    let reads = Reads::new().invitee(invitee.clone());
    let slice = store.load(&organization(id), &reads, at(0)).await.unwrap();
    let since = slice.suppressed_since(invitee, SuppressionKind::Everywhere).unwrap();
    since.map(|since| since.timestamp() - at(0).timestamp())
}

pub(super) async fn blocks_are_everywhere(fixture: Subject) {
    let store = fixture.storage();
    let mut commit = on(&header("acme"));
    let row = invitation(1, "bob@example.com");
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    commit.deliveries = vec![delivery(1, &row)];
    written(store, &commit).await;
    written(store, &on(&header("globex"))).await;
    let bob = two();
    let block = async |invitees: &[Invitee], since: Option<i64>| {
        store.block_everywhere(invitees, since.map(at)).await.unwrap()
    };
    assert_eq!(block(&bob, Some(20)).await, 2, "how many were changed");
    for invitee in &bob {
        for id in ["acme", "globex", "none"] {
            assert_eq!(since(store, id, invitee).await, Some(20), "in every organization");
        }
    }
    assert_eq!(since(store, "acme", &user("eve").into()).await, None, "of nobody else");
    let mut unit = store.exclusive(&organization("acme")).await.unwrap();
    let slice = unit.load(&Reads::new().invitee(bob[0].clone()), at(0)).await.unwrap();
    let blocked = slice.suppressed_since(&bob[0], SuppressionKind::Everywhere).unwrap();
    assert_eq!(blocked, Some(at(20)), "in an exclusive unit");
    drop(unit);
    let leased = store.lease(at(60), at(90), 9).await.unwrap().leased;
    let kinds = leased.iter().flat_map(|one| &one.suppressions).map(|row| (row.kind, row.at));
    assert_eq!(kinds.collect::<Vec<_>>(), [(SuppressionKind::Everywhere, at(20))], "with a lease");

    assert_eq!(block(&bob[..1], Some(30)).await, 0, "it stands already");
    assert_eq!(since(store, "acme", &bob[0]).await, Some(20), "and keeps its time");
    assert_eq!(block(&bob[..1], None).await, 1);
    assert_eq!((since(store, "acme", &bob[0]).await, since(store, "acme", &bob[1]).await), (None, Some(20)));
    assert_eq!(block(&bob, None).await, 1, "the one that was left");
    assert_eq!(since(store, "acme", &bob[1]).await, None);
}

pub(super) async fn blocks_are_everywhere_among_suppressions(fixture: Subject) {
    let store = fixture.storage();
    let bob = two();
    let kinds = SuppressionKind::ALL;
    for (id, time) in [("acme", 3), ("globex", 5)] {
        let mut commit = on(&header(id));
        let row = |invitee: &Invitee, kind| Suppression { invitee: invitee.clone(), kind, at: at(time) };
        commit.suppressions = vec![
            RowChange::Insert(row(&bob[0], kinds[0])),
            RowChange::Insert(row(&bob[1], kinds[2])),
            RowChange::Insert(row(&user("eve").into(), kinds[1])),
        ];
        written(store, &commit).await;
    }
    store.block_everywhere(&bob[1..], Some(at(4))).await.unwrap();
    let all = store.suppressions(&bob, 9).await.unwrap();
    let told = |entry: &SuppressionEntry| {
        let id = entry.organization.as_ref().map(|(id, _)| id.to_string());
        (id, entry.suppression.kind, entry.suppression.at)
    };
    let mut told = all.iter().map(told).collect::<Vec<_>>();
    assert!(told.is_sorted_by(|(_, _, one), (_, _, next)| one >= next), "the newest first: {told:?}");
    assert_eq!(told.iter().position(|(id, ..)| id.is_none()), Some(2), "with the block of all among them");
    told.sort();
    let here = |id: &str, kind, time| (Some(id.to_owned()), kind, at(time));
    let expected = [
        (None, SuppressionKind::Everywhere, at(4)),
        here("acme", kinds[0], 3),
        here("acme", kinds[2], 3),
        here("globex", kinds[0], 5),
        here("globex", kinds[2], 5),
    ];
    assert_eq!(told, expected, "of these invitees in all organizations");
    let name = all
        .iter()
        .filter_map(|entry| entry.organization.as_ref())
        .all(|(id, name)| name == header(id.as_str()).settings.name());
    assert!(name, "with the name of the organization");
    assert_eq!(store.suppressions(&bob, 2).await.unwrap(), all[..2], "as many as asked for");
    let eve = [address("eve@example.com").into()];
    assert_eq!(store.suppressions(&eve, 9).await.unwrap(), []);
}
