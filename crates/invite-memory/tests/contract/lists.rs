use std::fmt::Debug;

use invite_core::*;
use invite_storage::{InvitationFilter, MemberFilter, Position, Positioned, RosterEntry, Seek, Storage};

use crate::fixture::*;

/// Ten invitations and ten members, three to a second, every state among the invitations.
async fn furnished<S: Storage>(store: &S) -> (Vec<Invitation>, Vec<Member>) {
    let invitations = (0..10_u32).map(|n| {
        let row = Invitation {
            created_at: at((n / 3).into()),
            inviter: if n % 2 == 0 { Actor::System } else { Actor::User(user("ada")) },
            ..invitation(n, &format!("{n}@example.com"))
        };
        match n % 5 {
            1 => Invitation { expires_at: Expiry::At(at(50)), ..row },
            2 => revoked(row, 40),
            3 => Invitation { ended: Some((Ending::Expired, at(40))), ..row },
            4 => Invitation { ended: Some((Ending::Accepted { user: user("eve") }, at(40))), ..row },
            _ => row,
        }
    });
    let invitations = invitations.collect::<Vec<_>>();
    let members = (0..10_u32).map(|n| Member {
        grants: Grant::role(if n % 2 == 0 { "member" } else { "admin" }).into(),
        ..member(&format!("user-{}", 9 - n), (n / 3).into())
    });
    let members = members.collect::<Vec<_>>();
    created(store, &invitations, &members).await;
    (invitations, members)
}

fn descend<T: Positioned>(rows: &[T]) {
    assert!(rows.windows(2).all(|pair| pair[0].position() > pair[1].position()));
}

fn ascend<T: Positioned>(rows: &[T]) {
    assert!(rows.windows(2).all(|pair| pair[0].position() < pair[1].position()));
}

pub async fn lists_are_ordered<S: Storage>(store: S) {
    let (invitations, members) = furnished(&store).await;
    let listed = store.invitations(&acme(), &InvitationFilter::default(), at(10), &all()).await.unwrap();
    assert_eq!(listed.len(), invitations.len());
    descend(&listed);
    let listed = store.members(&acme(), &MemberFilter::default(), &all()).await.unwrap();
    assert_eq!(listed.len(), members.len());
    ascend(&listed);
    let listed = store.roster(&acme(), at(10), &all()).await.unwrap();
    assert_eq!(listed.len(), members.len() + 4);
    descend(&listed);
    let none = store.roster(&organization("globex"), at(10), &all()).await.unwrap();
    assert!(none.is_empty());
}

/// Reads a whole list in pages of a size.
macro_rules! paged {
    ($size:expr, |$seek:ident| $page:expr) => {{
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let $seek = &Seek { after, limit: $size };
            let page = $page.await.unwrap();
            assert!(page.len() <= $size as usize);
            let Some(last) = page.last() else { break rows };
            after = Some(last.position());
            rows.extend(page);
            assert!(rows.len() < 1_000, "the pages do not end");
        }
    }};
}

fn same<T: Debug + PartialEq>(pages: &[T], whole: &[T]) {
    assert_eq!(pages, whole);
}

pub async fn pages_meet<S: Storage>(store: S) {
    furnished(&store).await;
    let mut invitees = Vec::new();
    for n in 0..5 {
        let mut commit = on(&header(&format!("org-{n}")));
        let row = Invitation { created_at: at(7), ..invitation(100 + n, "user-1@example.com") };
        insert_invitations(&mut commit, std::slice::from_ref(&row));
        commit.members = vec![RowChange::Insert(member("user-1", 7))];
        written(&store, &commit).await;
        invitees = vec![row.invitee, address("1@example.com").into()];
    }
    let whole_roster = store.roster(&acme(), at(10), &all()).await.unwrap();
    let whole_members = store.members(&acme(), &MemberFilter::default(), &all()).await.unwrap();
    let whole_inbox = store.inbox(&invitees, at(10), &all()).await.unwrap();
    let whole_memberships = store.memberships(&user("user-1"), &all()).await.unwrap();
    assert_eq!((whole_inbox.len(), whole_memberships.len()), (6, 6));
    for size in [1, 2, 3, 7] {
        same(&paged!(size, |seek| store.roster(&acme(), at(10), seek)), &whole_roster);
        same(&paged!(size, |seek| store.members(&acme(), &MemberFilter::default(), seek)), &whole_members);
        same(&paged!(size, |seek| store.inbox(&invitees, at(10), seek)), &whole_inbox);
        same(&paged!(size, |seek| store.memberships(&user("user-1"), seek)), &whole_memberships);
        for state in [None].into_iter().chain(InvitationState::ALL.map(Some)) {
            for inviter in [None, Some(user("ada"))] {
                let filter = InvitationFilter { state, inviter };
                let whole = store.invitations(&acme(), &filter, at(60), &all()).await.unwrap();
                same(&paged!(size, |seek| store.invitations(&acme(), &filter, at(60), seek)), &whole);
            }
        }
    }
    let strange = Position::new(at(1), "no key of any row");
    for key in [strange, Position::new(at(1), ""), Position::new(MIN_TIME, "\u{10ffff}")] {
        let seek = Seek { after: Some(key.clone()), limit: 100 };
        let part = store.roster(&acme(), at(10), &seek).await.unwrap();
        let expected =
            whole_roster.iter().filter(|entry| entry.position() < key).cloned().collect::<Vec<_>>();
        same(&part, &expected);
    }
}

pub async fn lists_know_the_time<S: Storage>(store: S) {
    let ending = Invitation { expires_at: Expiry::At(at(50)), ..invitation(1, "bob@example.com") };
    created(&store, &[ending.clone(), invitation(2, "eve@example.com")], &[]).await;
    let last = at(50) - chrono::TimeDelta::microseconds(1);
    for (now, state) in [(last, InvitationState::Pending), (at(50), InvitationState::Expired)] {
        let is_pending = state == InvitationState::Pending;
        for asked in InvitationState::ALL {
            let filter = InvitationFilter { state: Some(asked), inviter: None };
            let listed = store.invitations(&acme(), &filter, now, &all()).await.unwrap();
            assert_eq!(listed.iter().any(|entry| entry.invitation.id == ending.id), asked == state);
        }
        let roster = store.roster(&acme(), now, &all()).await.unwrap();
        assert_eq!(roster.len(), if is_pending { 2 } else { 1 });
        let inbox = store.inbox(&[address("bob@example.com").into()], now, &all()).await.unwrap();
        assert_eq!(inbox.len(), usize::from(is_pending));
    }
}

pub async fn lists_are_filtered<S: Storage>(store: S) {
    let (invitations, members) = furnished(&store).await;
    for now in [at(10), at(60)] {
        for state in [None].into_iter().chain(InvitationState::ALL.map(Some)) {
            for inviter in [None, Some(user("ada")), Some(user("nobody"))] {
                let expected = invitations.iter().rev().filter(|row| {
                    state.is_none_or(|state| row.state_at(now) == state)
                        && inviter.as_ref().is_none_or(|inviter| row.inviter.user() == Some(inviter))
                });
                let expected = expected.map(|row| row.id).collect::<Vec<_>>();
                let filter = InvitationFilter { state, inviter: inviter.clone() };
                let listed = store.invitations(&acme(), &filter, now, &all()).await.unwrap();
                assert_eq!(
                    listed.iter().map(|entry| entry.invitation.id).collect::<Vec<_>>(),
                    expected,
                    "{filter:?}"
                );
            }
        }
    }
    let filter = MemberFilter { role: Some("admin".into()) };
    let admins = store.members(&acme(), &filter, &all()).await.unwrap();
    assert_eq!(admins.len(), members.len() / 2);
    assert!(admins.iter().all(|member| member.grants == Grant::role("admin").into()));

    let row = invitations[0].clone();
    let version = store.load(&acme(), &Reads::new(), at(0)).await.unwrap().organization().cloned().unwrap();
    let mut commit = on(&version);
    commit.deliveries = vec![delivery(1, &row), delivery(3, &row), delivery(2, &row)];
    written(&store, &commit).await;
    let roster = store.roster(&acme(), at(10), &all()).await.unwrap();
    let last = roster.iter().find_map(|entry| match entry {
        RosterEntry::Invitation(entry) if entry.invitation.id == row.id => entry.delivery.clone(),
        _ => None,
    });
    assert_eq!(last.map(|mail| mail.id), Some(delivery_id(3)), "the mail queued last comes along");
}

pub async fn inbox_crosses_organizations<S: Storage>(store: S) {
    let bob = || Invitee::from(address("bob@example.com"));
    let row = |n, invitee: Invitee| Invitation { invitee, ..invitation(n, "x@example.com") };
    for (n, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let n = n as u32 * 10;
        let mut commit = on(&header(id));
        commit.header.as_mut().unwrap().status = match id {
            "c" => OrganizationStatus::Suspended,
            "d" => OrganizationStatus::Closed,
            _ => OrganizationStatus::Active,
        };
        insert_invitations(
            &mut commit,
            &[
                row(n + 1, bob()),
                row(n + 2, user("bob").into()),
                row(n + 3, address("eve@example.com").into()),
            ],
        );
        written(&store, &commit).await;
    }
    let ids = |rows: Vec<invite_storage::InboxEntry>| {
        rows.into_iter().map(|entry| (entry.organization_name, entry.invitation.id)).collect::<Vec<_>>()
    };
    let a = |n| ("a Ltd".to_owned(), invitation_id(n));
    let b = |n| ("b Ltd".to_owned(), invitation_id(n));
    let found = store.inbox(&[bob(), user("bob").into(), bob()], at(0), &all()).await.unwrap();
    assert_eq!(ids(found), [b(12), b(11), a(2), a(1)]);
    let found = store.inbox(&[address("BOB@Example.com").into()], at(0), &all()).await.unwrap();
    assert_eq!(ids(found), [b(11), a(1)]);
    assert!(store.inbox(&[user("ada").into()], at(0), &all()).await.unwrap().is_empty());
    assert!(store.inbox(&[], at(0), &all()).await.unwrap().is_empty());

    let slice = store.load(&organization("b"), &Reads::new(), at(0)).await.unwrap();
    let mut commit = on(slice.organization().unwrap());
    commit.invitations = vec![RowChange::Update(revoked(row(11, bob()), 1))];
    commit.places = vec![RowChange::Delete((Scope::Organization, bob()))];
    written(&store, &commit).await;
    let found = store.inbox(&[bob()], at(0), &all()).await.unwrap();
    assert_eq!(ids(found), [a(1)]);
}

pub async fn memberships_cross_organizations<S: Storage>(store: S) {
    for (id, joined) in [("a", 3), ("b", 1), ("c", 2)] {
        let mut commit = on(&header(id));
        commit.header.as_mut().unwrap().status =
            if id == "c" { OrganizationStatus::Suspended } else { OrganizationStatus::Active };
        commit.members = vec![RowChange::Insert(member("bob", joined)), RowChange::Insert(member("eve", 0))];
        written(&store, &commit).await;
    }
    let found = store.memberships(&user("bob"), &all()).await.unwrap();
    ascend(&found);
    let organizations = found.iter().map(|row| row.organization.as_str()).collect::<Vec<_>>();
    assert_eq!(organizations, ["b", "c", "a"]);
    assert_eq!(found[1].status, OrganizationStatus::Suspended);
    assert_eq!(found[0].organization_name, "b Ltd");

    let slice = store.load(&organization("b"), &Reads::new(), at(0)).await.unwrap();
    let mut commit = on(slice.organization().unwrap());
    commit.members = vec![RowChange::Delete(user("bob"))];
    written(&store, &commit).await;
    assert_eq!(store.memberships(&user("bob"), &all()).await.unwrap().len(), 2);
    assert_eq!(store.memberships(&user("eve"), &all()).await.unwrap().len(), 3);
}
