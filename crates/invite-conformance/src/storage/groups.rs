//! Cases of groups and invite links: what names them, and what is found by them.

use invite_core::*;
use invite_storage::{
    GroupFilter, InvitationFilter, LinkFilter, MemberFilter, Positioned, Seek, Storage, WhichLinks,
};

use super::Subject;
use super::requests::{in_groups, noted};
use super::rows::*;

const TEXTS: &str = "Ἀθήνα 東京 مرحبا 👩‍🚀 'quoted' \"twice\" \\ %_ ;-- \u{200f}";

/// A member who holds a role in a group, and nothing else.
fn in_it(id: &str, joined: i64, group_id: &str, role: &str) -> (Member, GroupMember) {
    let grants = Grant::role(role.to_owned()).in_group(group(group_id)).into();
    let row = GroupMember { role: role.to_owned().into(), ..in_group(group_id, id, joined) };
    (Member { grants, ..member(id, joined) }, row)
}

fn naming(row: Invitation, group_id: &str) -> Invitation {
    Invitation { grants: Grant::role("member").in_group(group(group_id)).into(), ..row }
}

/// Adds invitations to a commit, with the places in groups that the open ones take.
fn insert_naming(commit: &mut Commit, rows: &[Invitation]) {
    commit.invitations.extend(rows.iter().cloned().map(RowChange::Insert));
    for row in rows.iter().filter(|row| row.is_open()) {
        let place =
            |scope: &Scope| Place { scope: scope.clone(), invitee: row.invitee.clone(), invitation: row.id };
        commit.places.extend(row.grants.scopes().map(place).map(RowChange::Insert));
    }
}

fn insert_in(commit: &mut Commit, rows: &[(Member, GroupMember)]) {
    commit.members.extend(rows.iter().map(|(row, _)| RowChange::Insert(row.clone())));
    commit.group_members.extend(rows.iter().map(|(_, row)| RowChange::Insert(row.clone())));
}

/// `acme` with the groups `blue` and `red`, where `blue` is closed and three are named `b0` to `b2` in it, and two open
/// invitations and one that ended name it.
async fn closing(store: &dyn Storage) -> (Organization, Vec<Member>, Vec<Invitation>) {
    let blue = Group { status: GroupStatus::Closed, ..a_group("blue", 1) };
    let first = Organization { closing: [group("blue"), group("zero")].into(), ..header("acme") };
    let mut commit = on(&first);
    commit.groups = [blue, a_group("red", 2)].map(RowChange::Insert).into();
    let there = [0, 1, 2].map(|n| in_it(&format!("b{n}"), n, "blue", "member"));
    insert_in(&mut commit, &there);
    insert_in(&mut commit, &[in_it("r", 1, "red", "member")]);
    let open = [1, 2].map(|n| naming(invitation(n, &format!("i{n}@example.com")), "blue"));
    insert_naming(&mut commit, &open);
    let other = naming(invitation(3, "red@example.com"), "red");
    let ended = naming(revoked(invitation(4, "ended@example.com"), 9), "blue");
    insert_naming(&mut commit, &[other, ended]);
    let [first, second, wider, elsewhere, ended] = [1, 2, 3, 4, 5].map(|n| request(n, &format!("asker{n}")));
    let asked = [
        in_groups(first, &["blue"]),
        in_groups(second, &["blue"]),
        in_groups(wider, &["blue", "red"]),
        in_groups(elsewhere, &["red"]),
        noted(in_groups(ended, &["blue"]), 9),
    ];
    insert_requests(&mut commit, &asked);
    let header = written(store, &commit).await;
    (header, there.map(|(row, _)| row).into(), open.into())
}

/// How many join requests were brought.
fn asked_for(slice: &Slice) -> usize {
    for other in [3, 4, 5] {
        assert!(slice.request(request_id(other)).is_err(), "{other} is not open, or not to that group alone");
    }
    [1, 2].into_iter().filter(|n| slice.request(request_id(*n)).is_ok_and(|row| row.is_some())).count()
}

/// Who and what was brought of these, and whether tidying has to come back for more.
async fn brought(
    store: &dyn Storage,
    limit: u32,
    members: &[Member],
    invitations: &[Invitation],
) -> (usize, usize, usize, bool) {
    let slice = store.load(&acme(), &Reads::new().closing(limit), at(100)).await.unwrap();
    let members = members.iter().filter(|row| slice.member(&row.user).is_ok_and(|seen| seen == Some(*row)));
    let invitations =
        invitations.iter().filter(|row| slice.invitation(row.id).is_ok_and(|seen| seen == Some(*row)));
    let counts = (members.count(), invitations.count());
    for other in ["r", "nobody"] {
        assert!(slice.member(&user(other)).is_err(), "{other} does not name the closed group");
    }
    for other in [3, 4] {
        assert!(slice.invitation(invitation_id(other)).is_err(), "{other} is not open, or not to that group");
    }
    (counts.0, counts.1, asked_for(&slice), slice.has_more_closing().unwrap_or_default())
}

pub(super) async fn closing_is_what_names_it(fixture: Subject) {
    let store = fixture.storage();
    let (header, members, invitations) = closing(store).await;
    for limit in [3, 4, 1_000] {
        let seen = brought(store, limit, &members, &invitations).await;
        assert_eq!(
            seen,
            (3, 2, 2, false),
            "members, open invitations, open requests, and whether there are more"
        );
    }
    // One leaves the group, one invitation ends, and another one is edited to name another group.
    let mut commit = on(&header);
    let stays = Member { grants: Grant::role("client").into(), ..members[0].clone() };
    commit.members = vec![RowChange::Update(stays.clone())];
    commit.group_members = vec![RowChange::Delete((group("blue"), user("b0")))];
    let edited = naming(invitations[1].clone(), "red");
    commit.invitations =
        vec![RowChange::Update(revoked(invitations[0].clone(), 9)), RowChange::Update(edited.clone())];
    let key = |row: &Invitation, group_id: &str| (Scope::Group(group(group_id)), row.invitee.clone());
    let place =
        Place { scope: Scope::Group(group("red")), invitee: edited.invitee.clone(), invitation: edited.id };
    commit.places = vec![
        RowChange::Delete(key(&invitations[0], "blue")),
        RowChange::Delete(key(&invitations[1], "blue")),
        RowChange::Insert(place),
    ];
    let gone = noted(in_groups(request(1, "asker1"), &["blue"]), 9);
    commit.requests = vec![RowChange::Update(gone)];
    let header = written(store, &commit).await;
    let members = [stays, members[1].clone(), members[2].clone()];
    let seen = brought(store, 3, &members, &[]).await;
    assert_eq!(seen, (2, 0, 1, false), "what names it still");
    let mut commit = on(&Organization { closing: [group("zero")].into(), ..header });
    commit.members = vec![RowChange::Delete(user("b1"))];
    commit.group_members = vec![RowChange::Delete((group("blue"), user("b1")))];
    written(store, &commit).await;
    let seen = brought(store, 3, &members, &[]).await;
    assert_eq!(seen, (0, 0, 0, false), "of the first that is closing alone, which nothing names");
}

pub(super) async fn closing_is_what_names_it_and_whether_there_is_more(fixture: Subject) {
    let store = fixture.storage();
    let (_, members, invitations) = closing(store).await;
    let seen = brought(store, 1, &members, &invitations).await;
    assert_eq!(seen, (1, 1, 1, true), "one of each, and a sign that there are more");
    let seen = brought(store, 2, &members, &invitations).await;
    assert_eq!(seen, (2, 2, 2, true), "more members alone are more");
}

fn kept_of(slice: &Slice) -> Vec<InviteLink> {
    let mut links = slice.kept_links().unwrap().cloned().collect::<Vec<_>>();
    links.sort_by_key(|row| row.id);
    links
}

pub(super) async fn kept_links_are_all(fixture: Subject) {
    let store = fixture.storage();
    let mut commit = on(&header("acme"));
    let off = InviteLink { switch: Switch::Off, ..link(2) };
    let over =
        InviteLink { settings: LinkSettings::new("over", Grant::role("member")).closes_at(at(1)), ..link(3) };
    let rows = [link(1), off, over, removed(link(4), 5)];
    commit.links = rows.iter().cloned().map(RowChange::Insert).collect();
    let header = written(store, &commit).await;
    let reads = Reads::new().kept_links();
    let slice = store.load(&acme(), &reads, at(100)).await.unwrap();
    assert_eq!(kept_of(&slice), rows[..3], "the links that did not end, off or over as they may be");
    let mut commit = on(&header);
    commit.links = vec![RowChange::Update(removed(rows[0].clone(), 6)), RowChange::Delete(rows[1].id)];
    written(store, &commit).await;
    let slice = store.load(&acme(), &reads, at(100)).await.unwrap();
    assert_eq!(kept_of(&slice), rows[2..3], "the link that is left");
    let slice = store.load(&organization("globex"), &reads, at(100)).await.unwrap();
    assert!(kept_of(&slice).is_empty(), "links of another organization");
}

pub(super) async fn kept_links_are_all_or_an_error(fixture: Subject) {
    let store = fixture.storage();
    let most = u32::try_from(Reads::MAX_LINKS).unwrap();
    let mut commit = on(&header("acme"));
    commit.links = (0..most).map(|n| RowChange::Insert(link(n))).collect();
    let header = written(store, &commit).await;
    let reads = Reads::new().kept_links();
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(kept_of(&slice).len(), Reads::MAX_LINKS, "as many as there may be");
    let mut commit = on(&header);
    commit.links = vec![RowChange::Insert(link(most))];
    written(store, &commit).await;
    assert!(store.load(&acme(), &reads, at(0)).await.is_err(), "a part of them is not the truth");
}

/// A page after the other, by twos, of a list.
macro_rules! paged {
    ($list:expr) => {{
        let (mut after, mut rows) = (None, Vec::new());
        loop {
            let seek = Seek { after: after.take(), limit: 2 };
            let page = $list(seek).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.position());
            rows.extend(page);
        }
        rows
    }};
}

/// Members who are found by group, link, role and seat, several at one time; `odd` ones joined by a link.
async fn standing(store: &dyn Storage) -> Vec<Member> {
    let mut commit = on(&header("acme"));
    let mut members = Vec::new();
    for n in 0..12_i64 {
        let id = format!("m{n:02}");
        let role = if n % 3 == 0 { "admin" } else { "member" };
        let (there, row) = in_it(&id, n / 3, if n < 9 { "red" } else { "blue" }, role);
        let mut grants = there.grants.clone();
        if n % 4 == 0 {
            grants.set(Grant::role("client"));
        }
        let joined_by = match n % 2 {
            0 => JoinedBy::BeingAdded,
            _ => JoinedBy::Link { link: link_id((n % 4) as u32), revision: n as u32 },
        };
        let seat = ["team", "client"].get(usize::try_from(n % 3).unwrap()).map(|seat| SeatClass::from(*seat));
        let status = MemberStatus::ALL[usize::from(n % 5 == 4)];
        members.push(Member { status, grants, joined_by, seat, ..there });
        commit.group_members.push(RowChange::Insert(row));
    }
    insert_members(&mut commit, &members);
    written(store, &commit).await;
    members
}

pub(super) async fn grants_are_filed(fixture: Subject) {
    let store = fixture.storage();
    let members = standing(store).await;
    let (mut found, all_of) = (0, |text: &str| Some(text.to_owned()));
    for group_id in [None, Some(group("red")), Some(group("blue")), Some(group("none"))] {
        for by in [None, Some(link_id(1)), Some(link_id(3)), Some(link_id(9))] {
            for role in [None, all_of("admin"), all_of("member"), all_of("client")] {
                let seats = [None, all_of("team"), all_of("client")].map(|seat| seat.map(SeatClass::from));
                let statuses = [None, Some(MemberStatus::Active), Some(MemberStatus::Suspended)];
                for (seat, status) in
                    seats.iter().flat_map(|seat| statuses.map(|status| (seat.clone(), status)))
                {
                    let role = role.clone().map(RoleName::from);
                    let filter = MemberFilter { group: group_id.clone(), link: by, role, seat, status };
                    let scope = filter.group.clone().map_or(Scope::Organization, Scope::Group);
                    let is_of = |row: &&Member| {
                        let held = row.grants.access(&scope).map(Access::role_name);
                        let joined = match row.joined_by {
                            JoinedBy::Link { link, .. } => Some(link),
                            _ => None,
                        };
                        (filter.group.is_none() || held.is_some())
                            && (filter.role.is_none() || held == filter.role.as_ref())
                            && (by.is_none() || joined == by)
                            && (filter.seat.is_none() || row.seat == filter.seat)
                            && status.is_none_or(|status| row.status == status)
                    };
                    let expected = members.iter().filter(is_of).cloned().collect::<Vec<_>>();
                    let acme = acme();
                    let listed = paged!(async |seek: Seek| store.members(&acme, &filter, &seek).await);
                    assert_eq!(listed, expected, "{filter:?}");
                    found += listed.len();
                    let elsewhere = store.members(&organization("globex"), &filter, &all()).await.unwrap();
                    assert!(elsewhere.is_empty(), "members of another organization");
                }
            }
        }
    }
    assert!(found > 40, "the filters found something, and not {found}");
}

pub(super) async fn grants_are_filed_for_invitations(fixture: Subject) {
    let store = fixture.storage();
    let mut rows = Vec::new();
    for n in 0..12_u32 {
        let row = Invitation {
            created_at: at((n / 3).into()),
            inviter: if n % 2 == 0 { Actor::User(user("ada")) } else { Actor::System },
            ..naming(invitation(n, &format!("i{n}@example.com")), if n < 8 { "red" } else { "blue" })
        };
        rows.push(match n % 4 {
            0 => revoked(row, 20),
            1 => ending(row, 50),
            _ => row,
        });
    }
    rows[2].grants = [Grant::role("member"), Grant::role("admin").in_group(group("blue"))].into();
    let mut commit = on(&header("acme"));
    insert_naming(&mut commit, &rows);
    let header = written(store, &commit).await;
    filed_invitations(store, &rows).await;
    // One is edited, one ends, and one is gone.
    let edited = naming(rows[3].clone(), "blue");
    let ended = revoked(rows[6].clone(), 21);
    let mut commit = on(&header);
    commit.invitations = vec![
        RowChange::Update(edited.clone()),
        RowChange::Update(ended.clone()),
        RowChange::Delete(rows[10].id),
    ];
    written(store, &commit).await;
    (rows[3], rows[6]) = (edited, ended);
    rows.remove(10);
    filed_invitations(store, &rows).await;
}

pub(super) async fn grants_are_filed_for_links(fixture: Subject) {
    let store = fixture.storage();
    let red = || Grant::role("client").in_group(group("red"));
    let blue = || Grant::role("client").in_group(group("blue"));
    let mut rows = Vec::new();
    for n in 0..9_u32 {
        let grants: Grants = match n % 3 {
            0 => red().into(),
            1 => [Grant::role("client"), red(), blue()].into(),
            _ => Grant::role("client").into(),
        };
        let creator = if n % 2 == 0 { Actor::User(user("ada")) } else { Actor::System };
        let (settings, created_at) = (LinkSettings::new("All", grants), at((n / 4).into()));
        let row = InviteLink { settings, created_at, creator, ..link(n) };
        rows.push(if n % 4 == 3 { removed(row, 30) } else { row });
    }
    let mut commit = on(&header("acme"));
    commit.links = rows.iter().cloned().map(RowChange::Insert).collect();
    let header = written(store, &commit).await;
    filed_links(store, &rows).await;
    // One is edited, one ends, and one is gone.
    rows[0].settings = LinkSettings::new("All", blue());
    rows[4] = removed(rows[4].clone(), 31);
    let gone = rows.remove(6);
    let mut commit = on(&header);
    commit.links = vec![
        RowChange::Update(rows[0].clone()),
        RowChange::Update(rows[4].clone()),
        RowChange::Delete(gone.id),
    ];
    written(store, &commit).await;
    filed_links(store, &rows).await;
}

async fn filed_links(store: &dyn Storage, rows: &[InviteLink]) {
    let (acme, mut found) = (acme(), 0);
    for which in [WhichLinks::All, WhichLinks::Kept] {
        for id in ["red", "blue", "none"] {
            for creator in [None, Some(user("ada"))] {
                let filter = LinkFilter { which, creator, group: Some(group(id)) };
                let is_of = |row: &&InviteLink| {
                    row.settings.grants().access(&Scope::Group(group(id))).is_some()
                        && (which == WhichLinks::All || row.is_kept())
                        && (filter.creator.is_none() || row.creator.user() == filter.creator.as_ref())
                };
                let mut expected = rows.iter().filter(is_of).cloned().collect::<Vec<_>>();
                expected.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
                let listed = paged!(async |seek: Seek| store.links(&acme, &filter, &seek).await);
                assert_eq!(listed, expected, "{filter:?}");
                found += listed.len();
                let elsewhere = store.links(&organization("globex"), &filter, &all()).await.unwrap();
                assert!(elsewhere.is_empty(), "links of another organization");
            }
        }
    }
    assert!(found > 10, "the filters found something, and not {found}");
}

async fn filed_invitations(store: &dyn Storage, rows: &[Invitation]) {
    let acme = acme();
    for now in [at(0), at(100)] {
        for group_id in [group("red"), group("blue"), group("none")] {
            for state in [None].into_iter().chain(InvitationState::ALL.map(Some)) {
                for inviter in [None, Some(user("ada"))] {
                    let filter = InvitationFilter { state, inviter, group: Some(group_id.clone()) };
                    let scope = Scope::Group(group_id.clone());
                    let is_of = |row: &&Invitation| {
                        row.grants.access(&scope).is_some()
                            && state.is_none_or(|state| row.state_at(now) == state)
                            && (filter.inviter.is_none() || row.inviter.user() == filter.inviter.as_ref())
                    };
                    let mut expected =
                        rows.iter().filter(is_of).map(|row| (row.created_at, row.id)).collect::<Vec<_>>();
                    expected.sort_unstable_by(|one, other| other.cmp(one));
                    let listed =
                        paged!(async |seek: Seek| store.invitations(&acme, &filter, now, &seek).await);
                    let listed =
                        listed.iter().map(|entry| (entry.invitation.created_at, entry.invitation.id));
                    assert_eq!(listed.collect::<Vec<_>>(), expected, "{filter:?}");
                }
            }
        }
    }
}

/// Groups and links of which several are of one time.
async fn listed(store: &dyn Storage) -> (Vec<Group>, Vec<InviteLink>) {
    let states = [GroupStatus::Active, GroupStatus::Archived, GroupStatus::Closed];
    let ids = ["b", "a", "ä", "B", "é", "z", "10", "9", "~"];
    let groups = ids.iter().zip(0..).map(|(id, n)| Group {
        status: states[n % 3],
        settings: GroupSettings::named(["Red", "red", "Blue", ""][n % 4]),
        ..a_group(id, (n / 4) as i64)
    });
    let links = (0..9_u32).map(|n| {
        let row = InviteLink {
            created_at: at((n / 4).into()),
            creator: [Actor::System, Actor::User(user("ada")), Actor::User(user("bob"))][n as usize % 3]
                .clone(),
            ..link(n)
        };
        if n % 2 == 0 { row } else { removed(row, 30) }
    });
    let (groups, links) = (groups.collect::<Vec<_>>(), links.collect::<Vec<_>>());
    let mut commit = on(&header("acme"));
    commit.groups = groups.iter().cloned().map(RowChange::Insert).collect();
    commit.links = links.iter().cloned().map(RowChange::Insert).collect();
    written(store, &commit).await;
    (groups, links)
}

pub(super) async fn lists_are_ordered_of_groups_and_links(fixture: Subject) {
    let store = fixture.storage();
    let (mut groups, mut links) = listed(store).await;
    groups.sort_by_key(|row| (row.created_at, row.id.as_str().to_owned()));
    links.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
    let (acme, nowhere) = (acme(), organization("globex"));
    for status in [None, Some(GroupStatus::Active), Some(GroupStatus::Archived), Some(GroupStatus::Closed)] {
        for name in [None, Some("Red"), Some("red"), Some(""), Some("Re")] {
            let filter = GroupFilter { status, name: name.map(str::to_owned) };
            let is_of = |row: &&Group| {
                status.is_none_or(|status| row.status == status)
                    && name.is_none_or(|name| row.settings.name() == name)
            };
            let expected = groups.iter().filter(is_of).cloned().collect::<Vec<_>>();
            assert_eq!(store.groups(&acme, &filter, &all()).await.unwrap(), expected, "{filter:?}");
            let seen = paged!(async |seek: Seek| store.groups(&acme, &filter, &seek).await);
            assert_eq!(seen, expected, "groups: pages put together: {filter:?}");
            assert!(store.groups(&nowhere, &filter, &all()).await.unwrap().is_empty());
        }
    }
    for which in [WhichLinks::All, WhichLinks::Kept] {
        for creator in [None, Some(user("ada")), Some(user("eve"))] {
            let filter = LinkFilter { which, creator, group: None };
            let is_of = |row: &&InviteLink| {
                (which == WhichLinks::All || row.is_kept())
                    && (filter.creator.is_none() || row.creator.user() == filter.creator.as_ref())
            };
            let expected = links.iter().filter(is_of).cloned().collect::<Vec<_>>();
            assert_eq!(store.links(&acme, &filter, &all()).await.unwrap(), expected, "{filter:?}");
            let seen = paged!(async |seek: Seek| store.links(&acme, &filter, &seek).await);
            assert_eq!(seen, expected, "links: pages put together: {filter:?}");
            assert!(store.links(&nowhere, &filter, &all()).await.unwrap().is_empty());
        }
    }
}

/// Groups, links and how somebody joined come back as they were, plain, full and at the extremes.
pub(super) async fn values_come_back_of_groups_and_links(fixture: Subject) {
    let store = fixture.storage();
    let (long, last) = ("ü".repeat(MAX_ID_BYTES / 2), last_time());
    let full = Group {
        status: GroupStatus::Archived,
        settings: GroupSettings::named(TEXTS)
            .kind(TEXTS)
            .described("d".repeat(20_000))
            .about("https://example.com/?q=ü")
            .open_with(Access::role("member").adding("posts.publish")),
        creator: Actor::System,
        created_at: last,
        ..a_group(&long, 1)
    };
    let asked = Group {
        status: GroupStatus::Closed,
        settings: GroupSettings::named("").by_request_with(Access::role("client")),
        created_at: MIN_TIME,
        ..a_group(" ", 2)
    };
    let groups = [full, asked, a_group("plain", 3)];
    let grants = Grants::from([Grant::role("member"), Grant::role("admin").in_group(group(&long))]);
    let most = InviteLink {
        id: LinkId::from_parts(last, [255; 10]),
        settings: LinkSettings::new(TEXTS, grants)
            .opens_at(MIN_TIME)
            .closes_at(last)
            .max_uses(u32::MAX)
            .domains(DomainRules::new().deny(DomainRule::parse("*.example.com").unwrap())),
        revision: u32::MAX,
        switch: Switch::Off,
        creator: Actor::User(user(&long)),
        created_at: last,
        uses: u32::MAX,
        nonce: Nonce::from_bytes([255; 16]),
        earlier_nonces: (0..5).map(|n| Nonce::from_bytes([n; 16])).collect(),
        ..link(1)
    };
    let endings = [LinkEnding::Removed, LinkEnding::CreatorRemoved, LinkEnding::GroupClosed];
    let ended = endings.into_iter().zip(2..).map(|(how, n)| InviteLink {
        creator: Actor::System,
        ended: Some((how, MIN_TIME)),
        ..link(n)
    });
    let links = std::iter::once(most).chain(ended).chain([link(9)]).collect::<Vec<_>>();
    let joined_by =
        [JoinedBy::Link { link: links[0].id, revision: u32::MAX }, JoinedBy::OpenGroup(group(&long))];
    let members = joined_by.into_iter().zip(["a", "b"]);
    let members = members.map(|(joined_by, id)| Member { joined_by, ..member(id, 0) }).collect::<Vec<_>>();
    let closing = [group(&long), group(" ")].into();
    let counts = Counts { groups: u32::MAX, links: 1, ..Counts::default() };
    let mut commit = on(&Organization { closing, counts, ..header("acme") });
    commit.groups = groups.iter().cloned().map(RowChange::Insert).collect();
    commit.links = links.iter().cloned().map(RowChange::Insert).collect();
    insert_members(&mut commit, &members);
    commit.events[0].group = Some(group(&long));
    commit.events[0].link = Some(links[0].id);
    let header = written(store, &commit).await;
    let mut reads = Reads::new();
    reads.groups = groups.iter().map(|row| row.id.clone()).collect();
    reads.links = links.iter().map(|row| row.id).collect();
    reads.members = members.iter().map(|row| row.user.clone()).collect();
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.organization(), Some(&header), "the organization");
    for row in &groups {
        assert_eq!(slice.group(&row.id).unwrap(), Some(row), "a group");
    }
    for row in &links {
        let seen = slice.link(row.id).unwrap();
        assert_eq!(seen, Some(row), "a link, with nonces that are not shown");
    }
    for row in &members {
        assert_eq!(slice.member(&row.user).unwrap(), Some(row), "how somebody joined");
    }
    let entry = store.events(&acme(), 0, 1).await.unwrap().remove(0);
    assert_eq!((entry.group, entry.link), (Some(group(&long)), Some(links[0].id)), "what an event is about");
    // What is not there, and what another organization has under the same ids.
    let other = reads.clone().group(group("none")).link(link_id(77));
    let slice = store.load(&organization("globex"), &other, at(0)).await.unwrap();
    assert!(slice.group(&group("plain")).unwrap().is_none(), "a group of another organization");
    assert!(slice.link(links[0].id).unwrap().is_none(), "a link of another organization");
}
