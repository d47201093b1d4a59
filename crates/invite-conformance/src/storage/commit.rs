//! Cases of the sentences on commits: that they are whole, found and kept.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use invite_core::*;
use tokio::task::yield_now;

use super::Subject;
use super::refusing::{Spoil, assert_same, changed, conflicts};
use super::rows::*;

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
            insert_requests(c, &[request(1, "eve")]);
            c.limits = vec![(LimitSubject::Inviter(user("ada")), at(7))];
            c.commands = vec![command("ada", "{}")];
            c.deliveries = vec![delivery(2, &eve)];
        })
    };
    let ghost = invitation(3, "ghost@example.com");
    let spoils: [Spoil<'_>; 10] = [
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
        ("a join request updated that is not there", &|c| {
            c.requests.push(RowChange::Update(request(2, "eve")));
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
        fixture.must_reopen().await;
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
