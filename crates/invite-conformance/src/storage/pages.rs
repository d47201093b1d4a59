//! Cases of the sentences on pages.

use std::fmt::Debug;

use chrono::TimeDelta;
use invite_core::*;
use invite_storage::{
    Cursor, InboxEntry, InvitationFilter, MemberFilter, Position, Positioned, RosterEntry, Seek, Storage,
};

use super::Subject;
use super::rows::*;

/// Ten invitations and ten members, three to a second, every state among the invitations; and the same user and
/// invitee in five other organizations, at one time.
async fn furnished(store: &dyn Storage) -> (Vec<Invitation>, Vec<Member>) {
    let invitations = (0..10_u32).map(|n| {
        let row = Invitation {
            created_at: at((n / 3).into()),
            inviter: if n % 2 == 0 { Actor::System } else { Actor::User(user("ada")) },
            ..invitation(n, &format!("{n}@example.com"))
        };
        match n % 5 {
            1 => ending(row, 50),
            2 => revoked(row, 40),
            3 => Invitation { ended: Some((Ending::Expired, at(40))), ..row },
            4 => Invitation { ended: Some((Ending::Accepted { user: user("eve") }, at(40))), ..row },
            _ => row,
        }
    });
    let invitations = invitations.collect::<Vec<_>>();
    let members = (0..10_u32).map(|n| Member {
        grants: match n % 3 {
            0 => Grant::role("admin").in_group(group("g")).into(),
            1 => [Grant::role("member"), Grant::role("admin").in_group(group("g"))].into(),
            _ => Grant::role("admin").into(),
        },
        ..member(&format!("user-{}", 9 - n), (n / 3).into())
    });
    let members = members.collect::<Vec<_>>();
    created(store, &invitations, &members).await;
    for n in 0..5 {
        let mut commit = on(&header(&format!("org-{n}")));
        let row = Invitation { created_at: at(7), ..invitation(100 + n, "user-1@example.com") };
        insert_invitations(&mut commit, &[row]);
        insert_members(&mut commit, &[member("user-1", 7)]);
        written(store, &commit).await;
    }
    (invitations, members)
}

fn invitees() -> [Invitee; 2] {
    [address("user-1@example.com").into(), address("1@example.com").into()]
}

fn filters() -> impl Iterator<Item = InvitationFilter> {
    let states = [None].into_iter().chain(InvitationState::ALL.map(Some));
    states.flat_map(|state| {
        [None, Some(user("ada"))].map(|inviter| InvitationFilter { state, inviter, group: None })
    })
}

fn positions<T: Positioned>(rows: &[T]) -> Vec<Position> {
    rows.iter().map(Positioned::position).collect()
}

fn newest_first<T: Positioned>(what: &str, rows: &[T], count: usize) {
    let positions = positions(rows);
    assert_eq!(rows.len(), count, "rows of {what}");
    let sorted = positions.is_sorted_by(|one, next| one > next);
    assert!(sorted, "expected: {what} from the newest by (time, key); seen: {positions:#?}");
}

fn oldest_first<T: Positioned>(what: &str, rows: &[T], count: usize) {
    let positions = positions(rows);
    assert_eq!(rows.len(), count, "rows of {what}");
    let sorted = positions.is_sorted_by(|one, next| one < next);
    assert!(sorted, "expected: {what} from the oldest by (time, key); seen: {positions:#?}");
}

pub(super) async fn lists_are_ordered(fixture: Subject) {
    let store = fixture.storage();
    let (invitations, members) = furnished(store).await;
    let pending = invitations.iter().filter(|row| row.is_open()).count();
    let listed = store.invitations(&acme(), &InvitationFilter::default(), at(10), &all()).await.unwrap();
    newest_first("the invitations", &listed, invitations.len());
    let listed = store.members(&acme(), &MemberFilter::default(), &all()).await.unwrap();
    oldest_first("the members", &listed, members.len());
    let listed = store.roster(&acme(), at(10), &all()).await.unwrap();
    newest_first("the roster", &listed, members.len() + pending);
    let listed = store.inbox(&invitees(), at(10), &all()).await.unwrap();
    newest_first("the inbox", &listed, 6);
    let listed = store.memberships(&user("user-1"), &all()).await.unwrap();
    oldest_first("the memberships", &listed, 6);
    let nowhere = organization("nowhere");
    assert!(store.roster(&nowhere, at(10), &all()).await.unwrap().is_empty());
    assert!(store.members(&nowhere, &MemberFilter::default(), &all()).await.unwrap().is_empty());
    assert!(store.roster(&acme(), at(10), &first(0)).await.unwrap().is_empty(), "as many as asked for");
}

/// Keys are compared byte by byte, whatever the language of the store.
pub(super) async fn lists_are_ordered_byte_by_byte(fixture: Subject) {
    const NAMES: [&str; 14] = ["a", "B", "b", "A", "_", "-", " ", "ä", "Z", "10", "9", "a b", "é", "ａ"];
    let store = fixture.storage();
    let mut expected = NAMES;
    expected.sort_unstable();
    for name in NAMES {
        let mut commit = on(&header(name));
        insert_members(&mut commit, &NAMES.map(|name| member(name, 5)));
        written(store, &commit).await;
    }
    let listed = store.members(&organization("B"), &MemberFilter::default(), &all()).await.unwrap();
    let seen = listed.iter().map(|row| row.user.as_str()).collect::<Vec<_>>();
    assert_eq!(seen, expected, "members who joined at one time");
    let listed = store.memberships(&user("é"), &all()).await.unwrap();
    let seen = listed.iter().map(|row| row.organization.as_str()).collect::<Vec<_>>();
    assert_eq!(seen, expected, "memberships of one time");
    let listed = store.roster(&organization("B"), at(9), &all()).await.unwrap();
    let seen = listed.iter().filter_map(|entry| match entry {
        RosterEntry::Member(row) => Some(row.user.as_str()),
        RosterEntry::Invitation(_) => None,
    });
    expected.reverse();
    assert_eq!(seen.collect::<Vec<_>>(), expected, "the roster");
}

pub(super) async fn lists_are_ordered_and_filtered(fixture: Subject) {
    let store = fixture.storage();
    let (invitations, members) = furnished(store).await;
    for now in [at(10), at(60)] {
        for mut filter in filters()
            .chain([InvitationFilter { inviter: Some(user("nobody")), ..InvitationFilter::default() }])
        {
            let expected = invitations.iter().filter(|row| {
                filter.state.is_none_or(|state| row.state_at(now) == state)
                    && filter.inviter.as_ref().is_none_or(|inviter| row.inviter.user() == Some(inviter))
            });
            let mut expected = expected.collect::<Vec<_>>();
            expected.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
            let listed = store.invitations(&acme(), &filter, now, &all()).await.unwrap();
            let seen = listed.iter().map(|entry| &entry.invitation).collect::<Vec<_>>();
            assert_eq!(seen, expected, "{filter:?}");
            filter.inviter = Some(user("system"));
            assert!(store.invitations(&acme(), &filter, now, &all()).await.unwrap().is_empty(), "no user's");
        }
    }
    for role in ["admin", "member", "owner", ""] {
        let filter = MemberFilter { role: Some(role.into()), ..MemberFilter::default() };
        let listed = store.members(&acme(), &filter, &all()).await.unwrap();
        let is_of = |row: &&Member| {
            row.grants.access(&Scope::Organization).is_some_and(|access| access.role_name().as_str() == role)
        };
        let mut expected = members.iter().filter(is_of).cloned().collect::<Vec<_>>();
        expected.sort_by_key(Positioned::position);
        assert_eq!(listed, expected, "members of role {role} in the organization, not in a group");
    }
}

/// The mail that was queued last comes with an invitation.
pub(super) async fn lists_are_ordered_with_the_last_mail(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let mut header = created(store, &[row.clone(), invitation(2, "eve@example.com")], &[]).await;
    let listed = async || {
        let invitations = store.invitations(&acme(), &Default::default(), at(9), &all()).await.unwrap();
        let of_invitations = invitations.into_iter().find(|entry| entry.invitation.id == row.id).unwrap();
        let roster = store.roster(&acme(), at(9), &all()).await.unwrap();
        let mut of_roster = roster.into_iter().filter_map(|entry| match entry {
            RosterEntry::Invitation(entry) => Some(entry),
            RosterEntry::Member(_) => None,
        });
        assert_eq!(of_roster.find(|entry| entry.invitation.id == row.id).unwrap(), of_invitations);
        of_invitations.delivery.map(|mail| mail.id)
    };
    assert_eq!(listed().await, None, "none was queued");
    for (n, last) in [(5, 5), (9, 9), (7, 9)] {
        let mut commit = on(&header);
        commit.deliveries = vec![delivery(n, &row)];
        header = written(store, &commit).await;
        assert_eq!(listed().await, Some(delivery_id(last)), "the mail queued last, after one of second {n}");
    }
    let mut commit = on(&header);
    let same_time = |n: u32| Delivery { created_at: at(20), ..delivery(n, &row) };
    commit.deliveries = vec![same_time(21), same_time(22), same_time(20)];
    written(store, &commit).await;
    assert_eq!(listed().await, Some(delivery_id(22)), "of one time the one with the highest id");
}

/// Reads a whole list in pages of a size.
macro_rules! paged {
    ($size:expr, |$seek:ident| $page:expr) => {{
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let $seek = &Seek { after, limit: $size };
            let page = $page.await.unwrap();
            assert!(page.len() <= $size as usize, "a page of {} rows, of {} at the most", page.len(), $size);
            let Some(last) = page.last() else { break rows };
            after = Some(last.position());
            rows.extend(page);
            assert!(rows.len() < 1_000, "expected: pages that end; seen: {} rows and more", rows.len());
        }
    }};
}

fn same<T: Debug + PartialEq + Positioned>(what: &str, pages: &[T], whole: &[T]) {
    assert_eq!(positions(pages), positions(whole), "{what}: pages put together, and the whole list");
    assert_eq!(pages, whole, "{what}");
}

pub(super) async fn pages_meet(fixture: Subject) {
    let store = fixture.storage();
    furnished(store).await;
    let (acme, everybody) = (acme(), MemberFilter::default());
    let roster = store.roster(&acme, at(10), &all()).await.unwrap();
    let members = store.members(&acme, &everybody, &all()).await.unwrap();
    let inbox = store.inbox(&invitees(), at(10), &all()).await.unwrap();
    let memberships = store.memberships(&user("user-1"), &all()).await.unwrap();
    for size in (1..=u32::try_from(roster.len()).unwrap() + 1).chain([u32::MAX]) {
        same("the roster", &paged!(size, |seek| store.roster(&acme, at(10), seek)), &roster);
        same("members", &paged!(size, |seek| store.members(&acme, &everybody, seek)), &members);
        same("the inbox", &paged!(size, |seek| store.inbox(&invitees(), at(10), seek)), &inbox);
        same("memberships", &paged!(size, |seek| store.memberships(&user("user-1"), seek)), &memberships);
    }
    for filter in filters() {
        let whole = store.invitations(&acme, &filter, at(60), &all()).await.unwrap();
        for size in 1..=u32::try_from(whole.len()).unwrap() + 1 {
            let pages = paged!(size, |seek| store.invitations(&acme, &filter, at(60), seek));
            same(&format!("{filter:?}"), &pages, &whole);
        }
    }
    let admins = MemberFilter { role: Some("admin".into()), ..MemberFilter::default() };
    let whole = store.members(&acme, &admins, &all()).await.unwrap();
    for size in [1, 2] {
        same("admins", &paged!(size, |seek| store.members(&acme, &admins, seek)), &whole);
    }
}

pub(super) async fn pages_meet_for_events(fixture: Subject) {
    let store = fixture.storage();
    let mut header = header("acme");
    for many in [1, 4, 2, 5] {
        let mut commit = on(&header);
        commit.events = (1..=many).map(|n| event(commit.id, header.version + n)).collect();
        commit.header.as_mut().unwrap().version = header.version + many;
        header = written(store, &commit).await;
    }
    for limit in 1..=13 {
        let mut read = Vec::new();
        loop {
            let page = store.events(&acme(), read.last().copied().unwrap_or(0), limit).await.unwrap();
            assert!(page.len() <= limit as usize);
            if page.is_empty() {
                break;
            }
            read.extend(page.iter().map(|entry| entry.sequence));
        }
        assert_eq!(read, (1..=12).collect::<Vec<_>>(), "events in pages of {limit}");
    }
}

/// A position may be that of a row that is gone, or made up.
pub(super) async fn pages_meet_at_any_position(fixture: Subject) {
    let store = fixture.storage();
    furnished(store).await;
    let (everybody, anything) = (MemberFilter::default(), InvitationFilter::default());
    let roster = store.roster(&acme(), at(10), &all()).await.unwrap();
    let invitations = store.invitations(&acme(), &anything, at(10), &all()).await.unwrap();
    let members = store.members(&acme(), &everybody, &all()).await.unwrap();
    let inbox = store.inbox(&invitees(), at(10), &all()).await.unwrap();
    let memberships = store.memberships(&user("user-1"), &all()).await.unwrap();
    let id = invitation_id(4).to_string();
    let of_roster =
        [format!("i:{id}"), format!("i:{}", invitation_id(50)), "m:user-4".into(), "m:user-4x".into()];
    let strange = ["", "i:", "m:", "j", "org-2", "org-2x", "user-4", "no key", "I:", "\u{10ffff}", &id];
    let keys = strange.into_iter().chain(of_roster.iter().map(String::as_str));
    for key in keys {
        for time in [MIN_TIME, at(0), at(1), at(2), at(3), at(7), last_time()] {
            let after = Position::new(time, key);
            let seek = behind(Some(after.clone()), 99);
            let below = |position: Position| position < after;
            let above = |position: Position| position > after;
            let page = store.roster(&acme(), at(10), &seek).await.unwrap();
            let rest = roster.iter().filter(|row| below(row.position())).cloned().collect::<Vec<_>>();
            same(&format!("the roster behind {after:?}"), &page, &rest);
            let page = store.invitations(&acme(), &anything, at(10), &seek).await.unwrap();
            let rest = invitations.iter().filter(|row| below(row.position())).cloned().collect::<Vec<_>>();
            same(&format!("invitations behind {after:?}"), &page, &rest);
            let page = store.inbox(&invitees(), at(10), &seek).await.unwrap();
            let rest = inbox.iter().filter(|row| below(row.position())).cloned().collect::<Vec<_>>();
            same(&format!("the inbox behind {after:?}"), &page, &rest);
            let page = store.members(&acme(), &everybody, &seek).await.unwrap();
            let rest = members.iter().filter(|row| above(row.position())).cloned().collect::<Vec<_>>();
            same(&format!("members behind {after:?}"), &page, &rest);
            let page = store.memberships(&user("user-1"), &seek).await.unwrap();
            let rest = memberships.iter().filter(|row| above(row.position())).cloned().collect::<Vec<_>>();
            same(&format!("memberships behind {after:?}"), &page, &rest);
        }
    }
}

/// Through the text that clients get: what was written into a cursor leads to the same place.
pub(super) async fn pages_meet_over_cursors(fixture: Subject) {
    let store = fixture.storage();
    let rows = (0..7_u32).map(|n| Invitation {
        created_at: at(1) + TimeDelta::microseconds((n / 2).into()),
        ..invitation(n, &format!("{n}@example.com"))
    });
    let rows = rows.collect::<Vec<_>>();
    let members = ["é", "a:b", &"ü".repeat(MAX_ID_BYTES / 2)]
        .map(|name| Member { joined_at: at(1), ..member(name, 1) });
    created(store, &rows, &members).await;
    let cursor = Cursor::of("roster", &"acme");
    let mut text = None;
    let mut pages = Vec::new();
    loop {
        let after = text.map(|text: String| cursor.read(&text).unwrap());
        let page = store.roster(&acme(), at(9), &behind(after, 2)).await.unwrap();
        let Some(last) = page.last() else { break };
        text = Some(cursor.write(&last.position()));
        pages.extend(page);
    }
    let whole = store.roster(&acme(), at(9), &all()).await.unwrap();
    assert_eq!(whole.len(), 10);
    same("the roster", &pages, &whole);
}

/// Rows that come and go between two pages move no other row from one page to the next.
pub(super) async fn pages_meet_while_rows_come_and_go(fixture: Subject) {
    let store = fixture.storage();
    let rows = (0..6_u32)
        .map(|n| Invitation { created_at: at(5), ..invitation(n * 2, &format!("{n}@example.com")) });
    let rows = rows.collect::<Vec<_>>();
    let mut header = created(store, &rows, &[]).await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.invitations(&acme(), &Default::default(), at(9), &behind(after, 2)).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.position());
        seen.extend(page.iter().map(|entry| entry.invitation.id));
        // One in front of the page, one in it goes.
        let n = 100 + u32::try_from(seen.len()).unwrap();
        let mut commit = on(&header);
        let newer = Invitation { created_at: at(6), ..invitation(n, &format!("{n}@example.com")) };
        insert_invitations(&mut commit, &[newer]);
        commit.invitations.push(RowChange::Delete(last.invitation.id));
        commit.places.push(RowChange::Delete(place_key(&last.invitation)));
        header = written(store, &commit).await;
    }
    let expected = rows.iter().rev().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(seen, expected, "rows that were there all the time, and those that went after they were read");
}

pub(super) async fn lists_know_the_time(fixture: Subject) {
    let store = fixture.storage();
    let over = ending(invitation(1, "bob@example.com"), 50);
    let noted =
        Invitation { ended: Some((Ending::Expired, at(45))), ..ending(invitation(3, "x@example.com"), 45) };
    created(store, &[over.clone(), invitation(2, "eve@example.com"), noted], &[]).await;
    let last = at(50) - TimeDelta::microseconds(1);
    for (now, state) in [(last, InvitationState::Pending), (at(50), InvitationState::Expired)] {
        let is_pending = state == InvitationState::Pending;
        for asked in InvitationState::ALL {
            let filter = InvitationFilter { state: Some(asked), ..InvitationFilter::default() };
            let listed = store.invitations(&acme(), &filter, now, &all()).await.unwrap();
            let seen = listed.iter().any(|entry| entry.invitation.id == over.id);
            assert_eq!(
                seen,
                asked == state,
                "an invitation that ends at {}, among {asked:?} at {now}",
                at(50)
            );
        }
        let roster = store.roster(&acme(), now, &all()).await.unwrap();
        assert_eq!(roster.len(), if is_pending { 2 } else { 1 }, "pending ones in the roster at {now}");
        let inbox = store.inbox(&[address("bob@example.com").into()], now, &all()).await.unwrap();
        assert_eq!(inbox.len(), usize::from(is_pending), "pending ones in the inbox at {now}");
    }
    // All that is open in a closed organization is due, and still only expired once its time is over.
    let mut commit = on(&current(store, &acme()).await);
    commit.header.as_mut().unwrap().status = OrganizationStatus::Closed;
    commit.header.as_mut().unwrap().last_at = at(60);
    written(store, &commit).await;
    for (now, expired) in [(last, 1), (at(50), 2)] {
        let filter =
            InvitationFilter { state: Some(InvitationState::Expired), ..InvitationFilter::default() };
        let listed = store.invitations(&acme(), &filter, now, &all()).await.unwrap();
        assert_eq!(listed.len(), expired, "expired ones of a closed organization at {now}");
    }
    finds_few_among_many(store).await;
}

/// However many lie between them in the order of the list.
async fn finds_few_among_many(store: &dyn Storage) {
    type IsOver = fn(u32) -> bool;
    let grants = || Grants::from([Grant::role("member"), Grant::role("member").in_group(group("red"))]);
    let organizations: [(&str, IsOver); 3] =
        [("few", |n| n % 40 == 3), ("most", |n| n % 40 != 3), ("half", |n| n % 2 == 0)];
    for (organization, is_over) in organizations {
        let row = |n| {
            let row = Invitation { grants: grants(), ..invitation(n, &format!("{n}@example.com")) };
            if is_over(n) { ending(row, 100) } else { row }
        };
        let rows = (0..80).map(row).collect::<Vec<_>>();
        let mut commit = on(&header(organization));
        insert_invitations(&mut commit, &rows);
        let organization = written(store, &commit).await.id;
        let filters = [(None, None), (Some(user("ada")), None), (None, Some(group("red")))];
        for ((inviter, group), limit) in filters.into_iter().flat_map(|of| [(of.clone(), 1), (of, 5)]) {
            for asked in [InvitationState::Pending, InvitationState::Expired] {
                let (inviter, group) = (inviter.clone(), group.clone());
                let filter = InvitationFilter { state: Some(asked), inviter, group };
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let seek = Seek { after, limit };
                    let page = store.invitations(&organization, &filter, at(100), &seek).await.unwrap();
                    let Some(last) = page.last() else { break };
                    after = Some(last.position());
                    seen.extend(page.iter().map(|entry| entry.invitation.id));
                }
                let expected =
                    rows.iter().rev().filter(|row| row.state_at(at(100)) == asked).map(|row| row.id);
                assert_eq!(
                    seen,
                    expected.collect::<Vec<_>>(),
                    "{organization}, pages of {limit}: {filter:?}"
                );
            }
        }
    }
}

fn ids(rows: &[InboxEntry]) -> Vec<(&str, InvitationId)> {
    rows.iter().map(|entry| (entry.organization_name.as_str(), entry.invitation.id)).collect()
}

pub(super) async fn inbox_crosses_organizations_for_what_has_begun(fixture: Subject) {
    let store = fixture.storage();
    let bob = || [Invitee::from(address("bob@example.com")), user("bob").into()];
    let begins = |(n, start), invitee| Invitation { starts_at: Some(at(start)), ..invitation_of(n, invitee) };
    let rows = [(1, 50), (2, 60)].into_iter().zip(bob()).map(|(which, invitee)| begins(which, invitee));
    created(store, &rows.collect::<Vec<_>>(), &[]).await;
    let inbox = async |now| store.inbox(&bob(), at(now), &all()).await.unwrap();
    let numbers =
        |entries: &[InboxEntry]| entries.iter().map(|entry| entry.invitation.id).collect::<Vec<_>>();
    for (now, expected) in [(49, vec![]), (50, vec![1]), (59, vec![1]), (60, vec![2, 1])] {
        let expected = expected.into_iter().map(invitation_id).collect::<Vec<_>>();
        assert_eq!(numbers(&inbox(now).await), expected, "what has begun by second {now}");
    }
    let pending = InvitationFilter { state: Some(InvitationState::Pending), ..Default::default() };
    let listed = store.invitations(&acme(), &pending, at(0), &all()).await.unwrap();
    assert_eq!(listed.len(), 2, "to its organization it is pending from the first");
}

pub(super) async fn inbox_crosses_organizations_until_all_that_is_granted_is_over(fixture: Subject) {
    let store = fixture.storage();
    let of = |text| Invitee::from(address(text));
    let bob = || [of("bob@example.com"), of("bob@work.example"), user("bob").into()];
    let until = |grant: Grant, seconds| grant.until(at(seconds));
    let (here, there) = (|| Grant::role("member"), || Grant::role("member").in_group(group("red")));
    let grants = [
        Grants::from(until(here(), 50)),
        [until(here(), 40), until(there(), 60)].into(),
        [until(here(), 40), there()].into(),
    ];
    let rows = (1..).zip(grants).zip(bob());
    let rows = rows.map(|((n, grants), invitee)| Invitation { grants, ..invitation_of(n, invitee) });
    created(store, &rows.collect::<Vec<_>>(), &[]).await;
    for (now, expected) in
        [(39, vec![3, 2, 1]), (49, vec![3, 2, 1]), (50, vec![3, 2]), (59, vec![3, 2]), (60, vec![3])]
    {
        let inbox = store.inbox(&bob(), at(now), &all()).await.unwrap();
        let inbox = inbox.iter().map(|entry| entry.invitation.id).collect::<Vec<_>>();
        let expected = expected.into_iter().map(invitation_id).collect::<Vec<_>>();
        assert_eq!(inbox, expected, "what grants something still at second {now}");
        let counted = store.waiting(&bob(), at(now), 9).await.unwrap();
        assert_eq!(counted, vec![acme(); expected.len()], "one for each at second {now}");
    }
}

pub(super) async fn inbox_crosses_organizations_and_is_counted(fixture: Subject) {
    let store = fixture.storage();
    let bob = || Invitee::from(address("bob@example.com"));
    for (id, status) in [
        ("a", OrganizationStatus::Active),
        ("b", OrganizationStatus::Active),
        ("c", OrganizationStatus::Suspended),
        ("d", OrganizationStatus::Closed),
    ] {
        let mut commit = on(&Organization { status, ..header(id) });
        let later = Invitation { starts_at: Some(at(9)), ..invitation_of(3, user("bob")) };
        let rows = [
            invitation_of(1, bob()),
            invitation_of(2, user("bob")),
            later,
            revoked(invitation_of(4, bob()), 1),
        ];
        insert_invitations(&mut commit, &[rows[0].clone(), rows[1].clone(), rows[3].clone()]);
        let scope = Scope::Group(group("g"));
        commit.invitations.push(RowChange::Insert(rows[2].clone()));
        commit.places.push(RowChange::Insert(Place { scope, ..place(&rows[2]) }));
        written(store, &commit).await;
    }
    let counted = async |of: &[Invitee], now, limit| {
        let mut found = store.waiting(of, at(now), limit).await.unwrap();
        found.sort_unstable();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let both = [bob(), user("bob").into()];
    assert_eq!(counted(&both, 5, 9).await, ["a", "a", "b", "b"], "the organization of each that waits");
    assert_eq!(counted(&both, 9, 9).await, ["a", "a", "a", "b", "b", "b"], "and of what has begun since");
    assert_eq!(counted(&both[..1], 9, 9).await, ["a", "b"], "of one name");
    assert_eq!(counted(&both, 9, 4).await.len(), 4, "as many as asked for");
    assert_eq!(counted(&[], 9, 9).await, [""; 0], "of nobody");
}

pub(super) async fn inbox_crosses_organizations(fixture: Subject) {
    let store = fixture.storage();
    let bob = || Invitee::from(address("bob@example.com"));
    let row = |n: u32, invitee: Invitee| Invitation { created_at: at(n.into()), ..invitation_of(n, invitee) };
    for (n, id) in (0..).zip(["a", "b", "c", "d"]) {
        let mut commit = on(&header(id));
        commit.header.as_mut().unwrap().status = match id {
            "c" => OrganizationStatus::Suspended,
            "d" => OrganizationStatus::Closed,
            _ => OrganizationStatus::Active,
        };
        let rows = [
            row(n * 10 + 1, bob()),
            row(n * 10 + 2, user("bob").into()),
            row(n * 10 + 3, address("eve@example.com").into()),
            row(n * 10 + 4, user("bob@example.com").into()),
        ];
        insert_invitations(&mut commit, &rows);
        // In two groups as well, and listed once.
        commit.places.push(RowChange::Insert(Place { scope: Scope::Group(group("g")), ..place(&rows[0]) }));
        commit.places.push(RowChange::Insert(Place { scope: Scope::Group(group("h")), ..place(&rows[0]) }));
        written(store, &commit).await;
    }
    let (a, b) = (|n| ("a Ltd", invitation_id(n)), |n| ("b Ltd", invitation_id(n)));
    let inbox = async |invitees: &[Invitee]| store.inbox(invitees, at(0), &all()).await.unwrap();
    let found = inbox(&[bob(), user("bob").into(), bob()]).await;
    assert_eq!(ids(&found), [b(12), b(11), a(2), a(1)], "what is pending in active organizations");
    assert_eq!(found[0].organization, organization("b"));
    let found = inbox(&[address("BOB@Example.com").into()]).await;
    assert_eq!(ids(&found), [b(11), a(1)], "of an address typed otherwise");
    assert_eq!(ids(&inbox(&[user("ada").into()]).await), [], "of somebody who was not invited");
    assert_eq!(ids(&inbox(&[]).await), [], "of nobody");

    let header = current(store, &organization("b")).await;
    let mut commit = on(&header);
    commit.invitations = vec![RowChange::Update(revoked(row(11, bob()), 1))];
    commit.places = vec![RowChange::Delete((Scope::Organization, bob()))];
    for name in ["g", "h"] {
        commit.places.push(RowChange::Delete((Scope::Group(group(name)), bob())));
    }
    written(store, &commit).await;
    assert_eq!(ids(&inbox(&[bob()]).await), [a(1)], "after one of them was revoked");
    let mut commit = on(&current(store, &organization("a")).await);
    commit.header.as_mut().unwrap().status = OrganizationStatus::Suspended;
    written(store, &commit).await;
    assert_eq!(ids(&inbox(&[bob()]).await), [], "after the other organization was suspended");
}

/// As many invitees as may be asked for at once, and all that is pending for one of them.
pub(super) async fn inbox_crosses_organizations_for_32_invitees(fixture: Subject) {
    let store = fixture.storage();
    let many = (0..40).map(|n| invitation(n, &format!("{n}@example.com"))).collect::<Vec<_>>();
    created(store, &many, &[]).await;
    let invitees = many[..32].iter().map(|row| row.invitee.clone()).collect::<Vec<_>>();
    let found = store.inbox(&invitees, at(50), &all()).await.unwrap();
    let expected = (0..32).rev().map(invitation_id).collect::<Vec<_>>();
    assert_eq!(found.iter().map(|entry| entry.invitation.id).collect::<Vec<_>>(), expected);
}

pub(super) async fn inbox_crosses_organizations_as_memberships_do(fixture: Subject) {
    let store = fixture.storage();
    for (id, joined, status) in [
        ("a", 3, OrganizationStatus::Active),
        ("b", 1, OrganizationStatus::Closed),
        ("c", 2, OrganizationStatus::Suspended),
    ] {
        let mut commit = on(&header(id));
        commit.header.as_mut().unwrap().status = status;
        insert_members(&mut commit, &[member("bob", joined), member("eve", 0)]);
        written(store, &commit).await;
    }
    let found = store.memberships(&user("bob"), &all()).await.unwrap();
    let seen = found.iter().map(|row| {
        (row.organization.as_str(), row.organization_name.as_str(), row.status, row.member.joined_at)
    });
    let expected = [
        ("b", "b Ltd", OrganizationStatus::Closed, at(1)),
        ("c", "c Ltd", OrganizationStatus::Suspended, at(2)),
        ("a", "a Ltd", OrganizationStatus::Active, at(3)),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected, "all organizations, whatever their status");
    let mut commit = on(&current(store, &organization("b")).await);
    commit.members = vec![RowChange::Delete(user("bob"))];
    commit.header.as_mut().unwrap().settings = Settings::named("Renamed");
    written(store, &commit).await;
    assert_eq!(store.memberships(&user("bob"), &all()).await.unwrap().len(), 2, "after leaving one");
    let of_eve = store.memberships(&user("eve"), &all()).await.unwrap();
    let names = of_eve.iter().map(|row| row.organization_name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["a Ltd", "Renamed", "c Ltd"], "names as they are now");
    assert!(store.memberships(&user("ada"), &all()).await.unwrap().is_empty());
}
