//! Cases of the sentences on exclusive units.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use invite_core::{Event, Grant, OrganizationId, Reads};
use invite_storage::{Exclusive, Storage};

use super::world::*;

async fn join_in(unit: &mut dyn Exclusive, name: &str) {
    let slice = unit.load(&Reads::new(), at(1)).await.unwrap();
    let commit = decided(slice, at(1), [joined(&member(name, Grant::role("member")))]);
    unit.write(&commit).await.unwrap();
}

async fn has<S: Storage>(store: &S, id: &OrganizationId, name: &str) -> bool {
    let slice = store.load(id, &Reads::new().member(user(name)), at(1)).await.unwrap();
    slice.member(&user(name)).unwrap().is_some()
}

pub async fn exclusive_waits<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let mut first = store.exclusive(&acme).await.unwrap();
    let second = tokio::spawn({
        let (store, acme) = (store.clone(), acme.clone());
        async move {
            let mut second = store.exclusive(&acme).await.unwrap();
            let slice = second.load(&Reads::new().member(user("bob")), at(1)).await.unwrap();
            slice.member(&user("bob")).unwrap().is_some()
        }
    });
    join_in(&mut *first, "bob").await;
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    first.commit().await.unwrap();
    assert!(second.await.unwrap(), "the second began when the first had ended");
}

/// Many, each of which loads before it writes: with nothing in between, none conflicts.
pub async fn exclusive_is_current<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let racing = (0..12).map(|n| {
        let (store, acme) = (store.clone(), acme.clone());
        tokio::spawn(async move {
            let name = format!("user{n}");
            if n % 3 == 0 {
                let commit = decide(
                    &*store,
                    &acme,
                    &Reads::new(),
                    at(1),
                    [joined(&member(&name, Grant::role("member")))],
                )
                .await;
                let written = store.commit(&commit).await;
                assert!(written.is_ok() || is_conflict(written));
            } else {
                let mut unit = store.exclusive(&acme).await.unwrap();
                join_in(&mut *unit, &name).await;
                unit.commit().await.unwrap();
            }
        })
    });
    for racer in racing.collect::<Vec<_>>() {
        racer.await.unwrap();
    }
    let slice = store.load(&acme, &Reads::new(), at(1)).await.unwrap();
    let members = slice.organization().unwrap().counts.members;
    assert!(members >= 9, "ada and the eight that had it to themselves, at least");
    assert_eq!(slice.version(), u64::from(members) + 1);
}

pub async fn dropped_is_rolled_back<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let mut unit = store.exclusive(&acme).await.unwrap();
    join_in(&mut *unit, "bob").await;
    let slice = unit.load(&Reads::new().member(user("bob")), at(1)).await.unwrap();
    assert!(slice.member(&user("bob")).unwrap().is_some(), "the unit sees what it wrote");
    drop(unit);
    assert!(!has(&*store, &acme, "bob").await);

    // A call that was given up half-way ends the unit as well.
    let mut unit = store.exclusive(&acme).await.unwrap();
    let slice = unit.load(&Reads::new(), at(1)).await.unwrap();
    let commit = decided(slice, at(1), [joined(&member("bob", Grant::role("member")))]);
    let _: Poll<_> = pin!(unit.write(&commit)).poll(&mut Context::from_waker(Waker::noop()));
    drop(unit);
    assert!(!has(&*store, &acme, "bob").await);

    super::world::commit(&*store, &acme, at(2), [Event::OrganizationSuspended]).await;
    let mut unit = store.exclusive(&acme).await.unwrap();
    join_in(&mut *unit, "bob").await;
    unit.commit().await.unwrap();
    assert!(has(&*store, &acme, "bob").await);
}

/// After a write that failed, nothing of the unit can become true.
pub async fn failed_is_rolled_back<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    let mut made = decide(&*store, &acme, &Reads::new(), at(1), [created(&bob)]).await;
    made.deliveries.push(delivery(&acme, &bob, at(1)));
    store.commit(&made).await.unwrap();

    let mut unit = store.exclusive(&acme).await.unwrap();
    let slice = unit.load(&Reads::new(), at(1)).await.unwrap();
    let mut failing = decided(slice, at(1), [joined(&member("carl", Grant::role("member")))]);
    failing.deliveries = made.deliveries;
    assert!(is_conflict(unit.write(&failing).await));
    assert!(unit.commit().await.is_err());
    assert!(!has(&*store, &acme, "carl").await);
}

/// Not asked of a store with one connection.
pub async fn organizations_do_not_wait<S: Storage>(store: Arc<S>) {
    let (acme, globex) = (found(&*store, "acme").await, found(&*store, "globex").await);
    let mut unit = store.exclusive(&acme).await.unwrap();
    join_in(&mut *unit, "bob").await;
    assert!(has(&*store, &globex, "ada").await);
    assert!(!has(&*store, &acme, "bob").await, "nobody else sees it yet");
    unit.commit().await.unwrap();
    assert!(has(&*store, &acme, "bob").await);
}
