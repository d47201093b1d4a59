use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use invite_core::*;
use invite_storage::{CommitError, Completion, Storage};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::fixture::*;

async fn current<S: Storage>(store: &S, id: &OrganizationId) -> Organization {
    store.load(id, &Reads::new(), at(0)).await.unwrap().organization().cloned().unwrap()
}

/// Every commit writes one number into the header, a member, a limit and an invitation; no load mixes two.
pub async fn load_is_one_version<S: Storage>(store: S) {
    let store = Arc::new(store);
    let stamped = |n: u32| Invitation { revision: n, ..invitation(1, "bob@example.com") };
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, &[stamped(1)]);
    commit.members = vec![RowChange::Insert(member("ada", 1))];
    commit.limits = vec![(LimitSubject::Organization, at(1))];
    let mut header = written(&*store, &commit).await;
    let done = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for _ in 0..3 {
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        readers.spawn(async move {
            let reads = Reads::new().invitation(invitation_id(1)).limits_of(&Actor::System);
            while !done.load(Ordering::Acquire) {
                let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
                let version = slice.version();
                let revision = slice.invitation(invitation_id(1)).unwrap().unwrap().revision;
                assert_eq!(u64::from(revision), version);
                let by_invitee = slice.open_of(&address("bob@example.com").into()).unwrap().next().unwrap();
                assert_eq!(u64::from(by_invitee.revision), version);
                let stamp = at(i64::try_from(version).unwrap());
                assert_eq!(slice.member(&user("ada")).unwrap().unwrap().joined_at, stamp);
                assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), Some(stamp));
                tokio::task::yield_now().await;
            }
        });
    }
    for n in 2..300 {
        let mut commit = on(&header);
        commit.invitations = vec![RowChange::Update(stamped(n))];
        commit.members = vec![RowChange::Update(member("ada", n.into()))];
        commit.limits = vec![(LimitSubject::Organization, at(n.into()))];
        header = written(&*store, &commit).await;
        tokio::task::yield_now().await;
    }
    done.store(true, Ordering::Release);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

pub async fn of_commits_on_one_version_one_is_written<S: Storage>(store: S) {
    const RACERS: usize = 16;
    let store = Arc::new(store);
    for round in 0..30 {
        let barrier = Arc::new(Barrier::new(RACERS));
        let mut racers = JoinSet::new();
        for n in 0..RACERS {
            let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
            racers.spawn(async move {
                let slice = store.load(&acme(), &Reads::new(), at(0)).await.unwrap();
                assert_eq!(slice.version(), round, "round 0 creates it");
                let mut commit = on(slice.organization().unwrap_or(&header("acme")));
                commit.members = vec![RowChange::Insert(member(&format!("{round}-{n}"), 0))];
                barrier.wait().await;
                match store.commit(&commit).await {
                    Ok(()) => Some(commit.id),
                    Err(CommitError::Conflict) => None,
                    Err(CommitError::Storage(error)) => panic!("{error}"),
                }
            });
        }
        let winners = racers.join_all().await.into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(winners.len(), 1, "round {round}");
        assert!(store.find_commit(&acme(), winners[0]).await.unwrap());
        let members = store.members(&acme(), &Default::default(), &all()).await.unwrap();
        assert_eq!(members.len() as u64, round + 1);
    }
}

/// Half of the tasks try until their commit is written, half lock first. Each counts one in the header.
pub async fn exclusive_units_and_commits_lose_nothing<S: Storage>(store: S) {
    const TASKS: u32 = 8;
    const EACH: u32 = 25;
    let store = Arc::new(store);
    created(&*store, &[], &[]).await;
    let counted = |header: &Organization| {
        let mut commit = on(header);
        commit.header.as_mut().unwrap().counts.members += 1;
        commit
    };
    let barrier = Arc::new(Barrier::new(TASKS as usize));
    let mut tasks = JoinSet::new();
    for n in 0..TASKS {
        let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
        tasks.spawn(async move {
            barrier.wait().await;
            for _ in 0..EACH {
                if n % 2 == 0 {
                    loop {
                        let header = current(&*store, &acme()).await;
                        tokio::task::yield_now().await;
                        if store.commit(&counted(&header)).await.is_ok() {
                            break;
                        }
                    }
                } else {
                    let mut unit = store.exclusive(&acme()).await.unwrap();
                    let slice = unit.load(&Reads::new(), at(0)).await.unwrap();
                    tokio::task::yield_now().await;
                    unit.write(&counted(slice.organization().unwrap())).await.expect("never conflicts");
                    tokio::task::yield_now().await;
                    unit.commit().await.unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
    let header = current(&*store, &acme()).await;
    assert_eq!((header.counts.members, header.version), (TASKS * EACH, u64::from(TASKS * EACH) + 1));
}

/// The key of places holds even against a caller who does not look.
pub async fn one_place_under_a_race<S: Storage>(store: S) {
    let store = Arc::new(store);
    created(&*store, &[], &[]).await;
    let barrier = Arc::new(Barrier::new(8));
    let mut racers = JoinSet::new();
    for n in 0..8 {
        let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
        racers.spawn(async move {
            barrier.wait().await;
            let mut won = 0;
            for _ in 0..20 {
                let mut commit = on(&current(&*store, &acme()).await);
                insert_invitations(&mut commit, &[invitation(n, "bob@example.com")]);
                won += u32::from(store.commit(&commit).await.is_ok());
            }
            won
        });
    }
    assert_eq!(racers.join_all().await.into_iter().sum::<u32>(), 1);
    let roster = store.roster(&acme(), at(0), &all()).await.unwrap();
    assert_eq!(roster.len(), 1);
}

/// Many organizations at work at once, with one person in all of them: what was acknowledged is listed.
pub async fn many_tenants_at_once<S: Storage>(store: S) {
    const TENANTS: u32 = 24;
    let store = Arc::new(store);
    let barrier = Arc::new(Barrier::new(TENANTS as usize));
    let mut tenants = JoinSet::new();
    for n in 0..TENANTS {
        let (store, barrier) = (Arc::clone(&store), Arc::clone(&barrier));
        tenants.spawn(async move {
            let id = format!("org-{n:02}");
            let row = invitation(n, "bob@example.com");
            let mut header = header(&id);
            barrier.wait().await;
            for round in 0..10 {
                let mut commit = on(&header);
                if round == 0 {
                    insert_invitations(&mut commit, std::slice::from_ref(&row));
                    commit.members = vec![RowChange::Insert(member("ada", n.into()))];
                }
                header = written(&*store, &commit).await;
                let inbox = store.inbox(std::slice::from_ref(&row.invitee), at(0), &all()).await.unwrap();
                assert!(inbox.iter().any(|entry| entry.organization.as_str() == id));
                let listed = store.memberships(&user("ada"), &all()).await.unwrap();
                assert!(listed.iter().any(|entry| entry.organization.as_str() == id));
            }
        });
    }
    tenants.join_all().await;
    let inbox = store.inbox(&[address("bob@example.com").into()], at(0), &all()).await.unwrap();
    assert_eq!(inbox.len(), TENANTS as usize);
    for entry in &inbox {
        assert_eq!(current(&*store, &entry.organization).await.version, 10);
    }
}

/// Couriers lease what is committed meanwhile. Every mail is completed once, under one number.
pub async fn couriers_share_and_never_double<S: Storage>(store: S) {
    const MAILS: u32 = 200;
    let store = Arc::new(store);
    let row = invitation(1, "bob@example.com");
    let mut header = created(&*store, std::slice::from_ref(&row), &[]).await;
    let completed = Arc::new(AtomicUsize::new(0));
    let mut couriers = JoinSet::new();
    for _ in 0..4 {
        let (store, completed) = (Arc::clone(&store), Arc::clone(&completed));
        couriers.spawn(async move {
            let mut sent = Vec::new();
            while completed.load(Ordering::Acquire) < MAILS as usize {
                for leased in store.lease(at(1_000), at(2_000), 7).await.unwrap().leased {
                    assert_eq!(leased.delivery.lease, 1);
                    tokio::task::yield_now().await;
                    let done =
                        Completion { state: DeliveryState::Sent, attempt: None, mailed_at: Some(at(1_001)) };
                    assert!(store.complete(&leased.lease(), &done).await.unwrap());
                    sent.push(leased.delivery.id);
                    completed.fetch_add(1, Ordering::AcqRel);
                }
                tokio::task::yield_now().await;
            }
            sent
        });
    }
    for n in 0..MAILS / 4 {
        let mut commit = on(&header);
        commit.deliveries = (0..4).map(|k| delivery(n * 4 + k, &row)).collect();
        header = written(&*store, &commit).await;
        tokio::task::yield_now().await;
    }
    let sent = couriers.join_all().await.concat();
    assert_eq!(sent.len(), MAILS as usize);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), MAILS as usize);
    assert_eq!(store.due().await.unwrap(), None);
}
