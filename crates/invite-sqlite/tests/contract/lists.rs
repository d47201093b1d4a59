//! Cases of the sentences on lists.

use std::fmt::Debug;
use std::sync::Arc;

use invite_core::{
    Actor, Ending, Event, Expiry, Grant, Invitation, InvitationState, Invitee, OrganizationId,
    OrganizationStatus, Reads, RoleName,
};
use invite_storage::{InvitationFilter, MemberFilter, Position, Positioned, RosterEntry, Storage};

use super::world::*;

/// An organization with rows at few times, so that many are equal.
async fn crowded<S: Storage>(store: &S, name: &str) -> OrganizationId {
    let id = found(store, name).await;
    let mut events = vec![];
    for n in 0..9_i64 {
        let mut row = invitation(email(&format!("guest{n}@example.com")));
        row.created_at = at(n / 3);
        events.push(created(&row));
        let role = if n % 2 == 0 { "member" } else { "admin" };
        let mut member = member(&format!("user{n}"), Grant::role(role));
        member.joined_at = at(n / 3);
        events.push(joined(&member));
    }
    commit(store, &id, at(10), events).await;
    id
}

fn positions<T: Positioned>(rows: &[T]) -> Vec<Position> {
    rows.iter().map(Positioned::position).collect()
}

fn newest_first<T: Positioned>(rows: &[T]) -> bool {
    positions(rows).is_sorted_by(|a, b| a > b)
}

fn oldest_first<T: Positioned>(rows: &[T]) -> bool {
    positions(rows).is_sorted_by(|a, b| a < b)
}

pub async fn lists_are_ordered<S: Storage>(store: Arc<S>) {
    let acme = crowded(&*store, "acme").await;
    crowded(&*store, "globex").await;
    let store = as_lists(&*store);
    let roster = store.roster(&acme, at(20), &first(99)).await.unwrap();
    assert_eq!((roster.len(), newest_first(&roster)), (19, true), "{:?}", positions(&roster));
    let all = InvitationFilter::default();
    let invitations = store.invitations(&acme, &all, at(20), &first(99)).await.unwrap();
    assert_eq!((invitations.len(), newest_first(&invitations)), (9, true));
    let members = store.members(&acme, &MemberFilter::default(), &first(99)).await.unwrap();
    assert_eq!((members.len(), oldest_first(&members)), (10, true));
    let guest = Invitee::Address(email("guest0@example.com"));
    let inbox = store.inbox(&[guest], at(20), &first(99)).await.unwrap();
    assert_eq!((inbox.len(), newest_first(&inbox)), (2, true));
    let memberships = store.memberships(&user("user3"), &first(99)).await.unwrap();
    assert_eq!((memberships.len(), oldest_first(&memberships)), (2, true));
    let events = store.events(&acme, 0, 99).await.unwrap();
    assert!(events.iter().map(|event| event.sequence).eq(1..=20));
    assert!(store.roster(&acme, at(20), &first(0)).await.unwrap().is_empty());
}

/// Pages of every size, put together, against the whole.
macro_rules! assert_pages_meet {
    ($page:expr) => {
        let whole = $page(first(99)).await.unwrap();
        assert!(whole.len() > 1);
        for limit in 1..=u32::try_from(whole.len()).unwrap() + 1 {
            let (mut pages, mut after) = (vec![], None);
            loop {
                let page = $page(behind(after, limit)).await.unwrap();
                assert!(page.len() <= limit as usize);
                after = page.last().map(Positioned::position);
                if after.is_none() {
                    break;
                }
                pages.extend(page);
            }
            assert_same(&pages, &whole);
        }
    };
}

fn assert_same<T: PartialEq + Debug>(pages: &[T], whole: &[T]) {
    assert_eq!(pages, whole);
}

pub async fn pages_meet<S: Storage>(store: Arc<S>) {
    let acme = crowded(&*store, "acme").await;
    crowded(&*store, "globex").await;
    let store = as_lists(&*store);
    assert_pages_meet!(async |seek| store.roster(&acme, at(20), &seek).await);
    for state in [None, Some(InvitationState::Pending)] {
        for inviter in [None, Some(user("ada"))] {
            let filter = InvitationFilter { state, inviter };
            assert_pages_meet!(async |seek| store.invitations(&acme, &filter, at(20), &seek).await);
        }
    }
    let expired = InvitationFilter { state: Some(InvitationState::Expired), inviter: None };
    assert_pages_meet!(async |seek| store.invitations(&acme, &expired, at(2000), &seek).await);
    for role in [None, Some(RoleName::from("member"))] {
        let filter = MemberFilter { role };
        assert_pages_meet!(async |seek| store.members(&acme, &filter, &seek).await);
    }
    let guests = (0..9).map(|n| email(&format!("guest{n}@example.com")).into()).collect::<Vec<Invitee>>();
    assert_pages_meet!(async |seek| store.inbox(&guests, at(20), &seek).await);
    assert_pages_meet!(async |seek| store.memberships(&user("user3"), &seek).await);
    for limit in 1..=21 {
        let mut read = vec![];
        loop {
            let after = read.last().copied().unwrap_or_default();
            let page = store.events(&acme, after, limit).await.unwrap();
            if page.is_empty() {
                break;
            }
            read.extend(page.iter().map(|event| event.sequence));
        }
        assert!(read.into_iter().eq(1..=20));
    }
    assert!(store.events(&acme, u64::MAX, 9).await.unwrap().is_empty());
}

/// A position may be that of a row that is gone, or made up.
pub async fn positions_need_no_row<S: Storage>(store: Arc<S>) {
    let acme = crowded(&*store, "acme").await;
    let store = as_lists(&*store);
    let roster = store.roster(&acme, at(20), &first(99)).await.unwrap();
    let all = InvitationFilter::default();
    let invitations = store.invitations(&acme, &all, at(20), &first(99)).await.unwrap();
    let gone = fresh().to_string();
    for key in ["", "i:", "m:", "m:user4x", "j", "no key", "\u{10ffff}", &gone, &format!("i:{gone}")] {
        for time in [0, 1, 2, 3] {
            let after = Position::new(at(time), key);
            let page = store.roster(&acme, at(20), &behind(Some(after.clone()), 99)).await.unwrap();
            let expected = roster.iter().filter(|row| row.position() < after).cloned().collect::<Vec<_>>();
            assert_same(&page, &expected);
            let page =
                store.invitations(&acme, &all, at(20), &behind(Some(after.clone()), 99)).await.unwrap();
            let expected =
                invitations.iter().filter(|row| row.position() < after).cloned().collect::<Vec<_>>();
            assert_same(&page, &expected);
        }
    }
}

async fn ids<S: Storage>(store: &S, id: &OrganizationId, state: InvitationState, now: i64) -> Vec<String> {
    let filter = InvitationFilter { state: Some(state), inviter: None };
    let rows = store.invitations(id, &filter, at(now), &first(99)).await.unwrap();
    rows.into_iter().map(|entry| entry.invitation.name.unwrap()).collect()
}

fn named(name: &str, created_at: i64, expires_at: Expiry) -> Invitation {
    let mut row = invitation(email(&format!("{name}@example.com")));
    row.name = Some(name.into());
    row.created_at = at(created_at);
    row.expires_at = expires_at;
    row
}

/// LIF-1, LIF-5: expired follows from the time, written down or not.
pub async fn lists_know_the_time<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let rows = [
        named("over", 1, Expiry::At(at(50))),
        named("noted", 2, Expiry::At(at(40))),
        named("over-too", 3, Expiry::At(at(49))),
        named("open", 4, Expiry::At(at(51))),
        named("for-ever", 5, Expiry::Never),
        named("revoked", 6, Expiry::At(at(50))),
    ];
    commit(&*store, &acme, at(10), rows.iter().map(created).collect::<Vec<_>>()).await;
    for (row, ending) in [
        (&rows[1], Ending::Expired),
        (&rows[5], Ending::Revoked { because: invite_core::RevokedBecause::Asked }),
    ] {
        let ended = Event::InvitationEnded { id: row.id, ending, reason: None };
        let commit = decide(&*store, &acme, &Reads::new().invitation(row.id), at(40), [ended]).await;
        store.commit(&commit).await.unwrap();
    }
    assert_eq!(ids(&*store, &acme, InvitationState::Expired, 50).await, ["over-too", "noted", "over"]);
    assert_eq!(ids(&*store, &acme, InvitationState::Pending, 50).await, ["for-ever", "open"]);
    assert_eq!(ids(&*store, &acme, InvitationState::Revoked, 50).await, ["revoked"]);
    assert_eq!(ids(&*store, &acme, InvitationState::Accepted, 50).await, [""; 0]);
    assert_eq!(ids(&*store, &acme, InvitationState::Expired, 48).await, ["noted"]);

    let roster = store.roster(&acme, at(50), &first(99)).await.unwrap();
    let names = roster.iter().filter_map(|entry| match entry {
        RosterEntry::Invitation(entry) => entry.invitation.name.as_deref(),
        RosterEntry::Member(_) => None,
    });
    assert_eq!(names.collect::<Vec<_>>(), ["for-ever", "open"]);
    let invitees = rows.iter().map(|row| row.invitee.clone()).collect::<Vec<_>>();
    let inbox = store.inbox(&invitees, at(50), &first(99)).await.unwrap();
    let names = inbox.iter().filter_map(|entry| entry.invitation.name.as_deref());
    assert_eq!(names.collect::<Vec<_>>(), ["for-ever", "open"]);
}

pub async fn lists_are_filtered<S: Storage>(store: Arc<S>) {
    let acme = crowded(&*store, "acme").await;
    let mut by_system = named("by-system", 7, Expiry::Never);
    by_system.inviter = Actor::System;
    let mut by_eve = named("by-eve", 8, Expiry::At(at(30)));
    by_eve.inviter = Actor::User(user("eve"));
    let mut in_group = member("in-group", group("a"));
    in_group.joined_at = at(9);
    commit(&*store, &acme, at(11), [created(&by_system), created(&by_eve), joined(&in_group)]).await;

    for (state, inviter, count) in [
        (None, None, 11),
        (None, Some("ada"), 9),
        (None, Some("eve"), 1),
        (None, Some("system"), 0),
        (Some(InvitationState::Pending), Some("eve"), 0),
        (Some(InvitationState::Expired), Some("eve"), 1),
        (Some(InvitationState::Expired), Some("ada"), 0),
        (Some(InvitationState::Pending), None, 10),
    ] {
        let filter = InvitationFilter { state, inviter: inviter.map(user) };
        let rows = store.invitations(&acme, &filter, at(30), &first(99)).await.unwrap();
        assert_eq!(rows.len(), count, "{filter:?}");
    }
    for (role, count) in [("owner", 1), ("member", 5), ("admin", 4), ("nobody", 0)] {
        let filter = MemberFilter { role: Some(role.into()) };
        let rows = store.members(&acme, &filter, &first(99)).await.unwrap();
        assert_eq!(rows.len(), count, "{role}: of the organization, not of a group");
    }
}

pub async fn inbox_crosses_organizations<S: Storage>(store: Arc<S>) {
    let bob = Invitee::Address(email("bob@example.com"));
    for (n, name) in (0..).zip(["acme", "globex", "paused", "ended"]) {
        let id = found(&*store, name).await;
        let mut to_address = invitation(email("Bob@Example.com"));
        to_address.created_at = at(n);
        to_address.grants = [group("a"), group("b")].into();
        let mut to_user = invitation(user("bob"));
        to_user.created_at = at(n);
        let other = invitation(email("eve@example.com"));
        commit(&*store, &id, at(10), [created(&to_address), created(&to_user), created(&other)]).await;
    }
    commit(&*store, &organization("paused"), at(11), [Event::OrganizationSuspended]).await;
    commit(&*store, &organization("ended"), at(11), [Event::OrganizationClosed]).await;

    let both = [bob.clone(), Invitee::User(user("bob")), bob.clone()];
    let inbox = store.inbox(&both, at(12), &first(99)).await.unwrap();
    let seen = inbox.iter().map(|entry| (entry.organization.as_str(), entry.organization_name.as_str()));
    let (acme, globex) = (("acme", "The acme"), ("globex", "The globex"));
    assert_eq!(seen.collect::<Vec<_>>(), [globex, globex, acme, acme]);
    assert!(inbox.iter().all(|entry| both.contains(&entry.invitation.invitee)));
    assert_eq!(store.inbox(&[bob], at(12), &first(99)).await.unwrap().len(), 2);
    assert!(store.inbox(&[], at(12), &first(99)).await.unwrap().is_empty());
}

pub async fn memberships_cross_organizations<S: Storage>(store: Arc<S>) {
    for name in ["acme", "globex"] {
        found(&*store, name).await;
    }
    commit(&*store, &organization("globex"), at(1), [Event::OrganizationSuspended]).await;
    let memberships = store.memberships(&user("ada"), &first(9)).await.unwrap();
    let seen =
        memberships.iter().map(|row| (row.organization_name.as_str(), row.status, row.member.is_owner()));
    let expected =
        [("The acme", OrganizationStatus::Active, true), ("The globex", OrganizationStatus::Suspended, true)];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert!(store.memberships(&user("bob"), &first(9)).await.unwrap().is_empty());
}
