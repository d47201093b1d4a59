//! Cases of the sentences on the outbox.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use invite_core::{
    Attempt, Delivery, DeliveryState, Event, Invitation, OrganizationId, Reads, SuppressionKind,
};
use invite_storage::{Completion, Failure, InvitationFilter, Lease, Leased, Storage};
use tokio::sync::Barrier;

use super::world::*;

/// An invitation to an address, with a mail due at a time.
async fn queue<S: Storage>(
    store: &S,
    id: &OrganizationId,
    address: &str,
    due_at: i64,
) -> (Invitation, Delivery) {
    let row = invitation(email(address));
    let delivery = delivery(id, &row, at(due_at));
    let mut made = decide(store, id, &Reads::new(), at(1), [created(&row)]).await;
    made.deliveries.push(delivery.clone());
    store.commit(&made).await.unwrap();
    (row, delivery)
}

async fn lease<S: Storage>(store: &S, now: i64, until: i64) -> Vec<Leased> {
    store.lease(at(now), at(until), 9).await.unwrap().leased
}

fn sent(mailed_at: i64) -> Completion {
    let attempt = Some(Attempt { at: at(mailed_at), error: None });
    Completion { state: DeliveryState::Sent, attempt, mailed_at: Some(at(mailed_at)) }
}

fn failed(tried_at: i64, retry_at: Option<DateTime<Utc>>) -> Failure {
    let attempt = Some(Attempt { at: at(tried_at), error: Some("refused".into()) });
    Failure { attempt, retry_at }
}

async fn last<S: Storage>(store: &S, id: &OrganizationId, of: &Invitation) -> Delivery {
    let all = store.invitations(id, &InvitationFilter::default(), at(0), &first(99)).await.unwrap();
    all.into_iter().find(|entry| entry.invitation.id == of.id).unwrap().delivery.unwrap()
}

pub async fn committed_is_due<S: Storage>(store: Arc<S>) {
    assert_eq!(store.due().await.unwrap(), None);
    let acme = found(&*store, "acme").await;
    let globex = found(&*store, "globex").await;
    let (later, _) = queue(&*store, &acme, "later@example.com", 30).await;
    let (bob, queued) = queue(&*store, &globex, "bob@example.com", 20).await;
    let blocked = Event::Suppressed { invitee: bob.invitee.clone(), kind: SuppressionKind::Mail };
    commit(&*store, &globex, at(21), [blocked]).await;

    assert_eq!(store.due().await.unwrap(), Some(at(20)));
    assert!(lease(&*store, 19, 100).await.is_empty(), "never before");
    let leased = store.lease(at(40), at(100), 1).await.unwrap().leased;
    let [leased] = &leased[..] else { panic!("as many as asked for") };
    let expected = Delivery { lease: 1, leased_until: Some(at(100)), mailed_at: Some(at(40)), ..queued };
    assert_eq!(leased.delivery, expected, "the longest due first");
    assert_eq!((&leased.invitation, leased.organization.id.as_str()), (&bob, "globex"));
    assert_eq!(leased.suppressions.len(), 1);
    assert_eq!(leased.suppressions[0].invitee.address().unwrap().as_str(), "bob@example.com");
    assert_eq!(last(&*store, &globex, &bob).await, expected);
    let slice = store.load(&globex, &Reads::new().invitation(bob.id), at(41)).await.unwrap();
    assert_eq!(slice.mailed_at(bob.id).unwrap(), Some(at(40)), "it may have been sent");
    assert_eq!(slice.version(), 4, "leases lie outside of the version");

    assert_eq!(store.due().await.unwrap(), Some(at(30)));
    let leased = lease(&*store, 40, 90).await;
    assert_eq!(leased.iter().map(|leased| leased.invitation.id).collect::<Vec<_>>(), [later.id]);
    assert_eq!(store.due().await.unwrap(), Some(at(90)), "when the first lease ends");
}

pub async fn one_holds_a_lease<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    for n in 0..20 {
        queue(&*store, &acme, &format!("guest{n}@example.com"), 10).await;
    }
    let barrier = Arc::new(Barrier::new(5));
    let couriers = (0..5).map(|_| {
        let (store, barrier) = (store.clone(), barrier.clone());
        tokio::spawn(async move {
            barrier.wait().await;
            let mut held = vec![];
            for _ in 0..4 {
                held.extend(store.lease(at(20), at(100), 3).await.unwrap().leased);
            }
            held.into_iter().map(|leased| (leased.delivery.id, leased.delivery.lease)).collect::<Vec<_>>()
        })
    });
    let mut held = vec![];
    for courier in couriers.collect::<Vec<_>>() {
        held.extend(courier.await.unwrap());
    }
    assert_eq!(held.len(), 20);
    assert!(held.iter().all(|(_, number)| *number == 1));
    held.sort();
    held.dedup();
    assert_eq!(held.len(), 20, "each to one");
}

pub async fn leases_end<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let (bob, _) = queue(&*store, &acme, "bob@example.com", 10).await;
    lease(&*store, 20, 30).await;
    assert!(lease(&*store, 29, 100).await.is_empty());
    let again = lease(&*store, 30, 100).await;
    assert_eq!((again.len(), again[0].delivery.lease), (1, 2));
    assert_eq!(again[0].delivery.mailed_at, Some(at(20)), "the first try may have sent it");
    assert!(store.fail(&again[0].lease(), &failed(31, Some(at(40)))).await.unwrap());
    assert_eq!(last(&*store, &acme, &bob).await.mailed_at, None);
    assert_eq!(store.due().await.unwrap(), Some(at(40)));
    assert!(lease(&*store, 39, 100).await.is_empty());
    assert_eq!(lease(&*store, 40, 100).await[0].delivery.lease, 3);
}

pub async fn late_is_told<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let (bob, _) = queue(&*store, &acme, "bob@example.com", 10).await;
    let first = lease(&*store, 20, 30).await[0].lease();
    let second = lease(&*store, 35, 100).await[0].lease();
    let before = last(&*store, &acme, &bob).await;
    let never = Lease { number: 9, ..second.clone() };
    let elsewhere = Lease { organization: organization("globex"), ..second.clone() };
    for late in [&first, &never, &elsewhere] {
        assert!(!store.complete(late, &sent(40)).await.unwrap());
        assert!(!store.fail(late, &failed(40, None)).await.unwrap());
    }
    assert_eq!(last(&*store, &acme, &bob).await, before);
    assert!(store.complete(&second, &sent(40)).await.unwrap());
    let ended = last(&*store, &acme, &bob).await;
    assert!(!store.complete(&second, &sent(41)).await.unwrap());
    assert!(!store.fail(&second, &failed(41, Some(at(50)))).await.unwrap());
    assert_eq!(last(&*store, &acme, &bob).await, ended);
    assert!(lease(&*store, 1000, 2000).await.is_empty(), "what was sent is not leased again");
    assert_eq!(store.due().await.unwrap(), None);
}

/// A lease that is over and that nobody took still ends well: the mail was sent.
pub async fn tries_are_kept<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let (bob, queued) = queue(&*store, &acme, "bob@example.com", 10).await;
    let (eve, _) = queue(&*store, &acme, "eve@example.com", 10).await;
    let of = |all: Vec<Leased>, row: &Invitation| {
        all.into_iter().find(|leased| leased.invitation.id == row.id).map(|leased| leased.lease()).unwrap()
    };
    let leased = lease(&*store, 20, 30).await;
    assert!(store.fail(&of(leased.clone(), &eve), &failed(21, None)).await.unwrap());
    let given_up = last(&*store, &acme, &eve).await;
    assert_eq!(
        (given_up.state, given_up.leased_until, given_up.mailed_at),
        (DeliveryState::Failed, None, None)
    );

    assert!(store.fail(&of(leased, &bob), &failed(21, Some(at(50)))).await.unwrap());
    let leased = lease(&*store, 50, 60).await;
    assert!(store.complete(&of(leased, &bob), &sent(70)).await.unwrap());
    let expected = Delivery {
        state: DeliveryState::Sent,
        due_at: at(50),
        lease: 2,
        leased_until: None,
        mailed_at: Some(at(70)),
        attempts: vec![
            Attempt { at: at(21), error: Some("refused".into()) },
            Attempt { at: at(70), error: None },
        ],
        ..queued
    };
    assert_eq!(last(&*store, &acme, &bob).await, expected);

    let (carl, _) = queue(&*store, &acme, "carl@example.com", 80).await;
    let dropped = Completion { state: DeliveryState::Dropped, attempt: None, mailed_at: None };
    let leased = lease(&*store, 80, 90).await;
    assert!(store.complete(&of(leased, &carl), &dropped).await.unwrap());
    let ended = last(&*store, &acme, &carl).await;
    assert_eq!((ended.state, ended.mailed_at, ended.attempts.len()), (DeliveryState::Dropped, None, 0));
}

pub async fn lists_show_the_last_delivery<S: Storage>(store: Arc<S>) {
    let acme = found(&*store, "acme").await;
    let bob = invitation(email("bob@example.com"));
    commit(&*store, &acme, at(1), [created(&bob)]).await;
    let all = store.invitations(&acme, &InvitationFilter::default(), at(2), &first(9)).await.unwrap();
    assert_eq!(all[0].delivery, None);
    for created_at in [5, 9, 7] {
        let reads = Reads::new().invitation(bob.id);
        let reminded = Event::InvitationReminded { id: bob.id };
        let mut commit = decide(&*store, &acme, &reads, at(10), [reminded]).await;
        commit.deliveries.push(delivery(&acme, &bob, at(created_at)));
        store.commit(&commit).await.unwrap();
    }
    assert_eq!(last(&*store, &acme, &bob).await.created_at, at(9));
}
