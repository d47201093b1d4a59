use invite_core::*;
use invite_storage::{Completion, Failure, Lease, Storage};

use crate::fixture::*;

/// `acme` with one invitation and mails that are due at these seconds.
async fn mailing<S: Storage>(store: &S, due: &[u32]) -> (Organization, Invitation) {
    let row = invitation(1, "bob@example.com");
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    commit.deliveries = due.iter().map(|seconds| delivery(*seconds, &row)).collect();
    (written(store, &commit).await, row)
}

async fn leased<S: Storage>(store: &S, now: i64, until: i64, limit: u32) -> Vec<Lease> {
    store.lease(at(now), at(until), limit).await.unwrap().leased.iter().map(|leased| leased.lease()).collect()
}

fn sent(seconds: i64) -> Completion {
    Completion {
        state: DeliveryState::Sent,
        attempt: Some(Attempt { at: at(seconds), error: None }),
        mailed_at: Some(at(seconds)),
    }
}

fn failed(seconds: i64, retry_at: Option<i64>) -> Failure {
    Failure {
        attempt: Some(Attempt { at: at(seconds), error: Some("451 later".into()) }),
        retry_at: retry_at.map(at),
    }
}

async fn only_mail<S: Storage>(store: &S) -> Delivery {
    let listed = store.invitations(&acme(), &Default::default(), at(0), &all()).await.unwrap();
    listed[0].delivery.clone().unwrap()
}

pub async fn committed_is_due<S: Storage>(store: S) {
    assert_eq!(store.due().await.unwrap(), None);
    let (header, row) = mailing(&store, &[20]).await;
    assert_eq!(store.due().await.unwrap(), Some(at(20)));
    assert!(leased(&store, 19, 60, 9).await.is_empty());
    let taken = store.lease(at(20), at(60), 9).await.unwrap().leased;
    assert_eq!(taken.len(), 1);
    let leased = &taken[0];
    assert_eq!((&leased.organization, &leased.invitation), (&header, &row));
    assert!(leased.suppressions.is_empty());
    let expected =
        Delivery { lease: 1, leased_until: Some(at(60)), mailed_at: Some(at(20)), ..delivery(20, &row) };
    assert_eq!(leased.delivery, expected);
    assert_eq!(only_mail(&store).await, expected);
    assert_eq!(store.due().await.unwrap(), Some(at(60)));

    let mut refused = on(&crate::fixture::header("acme"));
    refused.deliveries = vec![delivery(30, &row)];
    assert!(store.commit(&refused).await.is_err());
    assert_eq!(store.due().await.unwrap(), Some(at(60)), "what was not written is not due");

    let mut commit = on(&header);
    commit.suppressions =
        SuppressionKind::ALL.map(|kind| RowChange::Insert(suppression("bob@example.com", kind))).into();
    commit.invitations = vec![RowChange::Update(revoked(row.clone(), 30))];
    let mut sent_already = delivery(5, &row);
    sent_already.state = DeliveryState::Sent;
    commit.deliveries = vec![sent_already];
    let header = written(&store, &commit).await;
    let taken = store.lease(at(60), at(90), 9).await.unwrap().leased;
    assert_eq!(taken.len(), 1, "what is not queued is not due");
    assert_eq!((&taken[0].organization, taken[0].invitation.is_open()), (&header, false), "as they are now");
    assert_eq!(taken[0].suppressions.len(), 2);
}

pub async fn one_holds_a_lease<S: Storage>(store: S) {
    mailing(&store, &[1]).await;
    for number in 1..=3 {
        let now = i64::from(number) * 100;
        let lease = leased(&store, now, now + 50, 9).await;
        assert_eq!(lease.iter().map(|lease| lease.number).collect::<Vec<_>>(), [number]);
        assert!(leased(&store, now, now + 50, 9).await.is_empty());
        assert!(leased(&store, now + 49, now + 50, 9).await.is_empty());
        if number == 2 {
            assert!(store.fail(&lease[0], &failed(now, Some(250))).await.unwrap());
        }
    }
}

pub async fn leases_end<S: Storage>(store: S) {
    mailing(&store, &[1, 2]).await;
    assert_eq!(leased(&store, 10, 20, 9).await.len(), 2);
    assert!(leased(&store, 19, 30, 9).await.is_empty());
    assert_eq!(store.due().await.unwrap(), Some(at(20)));
    let again = leased(&store, 20, 30, 9).await;
    assert_eq!(again.iter().map(|lease| lease.number).collect::<Vec<_>>(), [2, 2]);
    for lease in &again {
        assert!(store.complete(lease, &sent(21)).await.unwrap());
    }
    assert_eq!(store.due().await.unwrap(), None);
    assert!(leased(&store, 1_000, 2_000, 9).await.is_empty());
}

pub async fn late_is_told<S: Storage>(store: S) {
    mailing(&store, &[1]).await;
    let first = leased(&store, 10, 20, 9).await.remove(0);
    let second = leased(&store, 20, 30, 9).await.remove(0);
    let before = only_mail(&store).await;
    let wrong = |change: &dyn Fn(&mut Lease)| {
        let mut lease = second.clone();
        change(&mut lease);
        lease
    };
    let late = [
        first,
        wrong(&|lease| lease.number += 1),
        wrong(&|lease| lease.number = 0),
        wrong(&|lease| lease.delivery = delivery_id(99)),
        wrong(&|lease| lease.organization = organization("globex")),
    ];
    for lease in &late {
        assert!(!store.complete(lease, &sent(25)).await.unwrap());
        assert!(!store.fail(lease, &failed(25, Some(40))).await.unwrap());
        assert_eq!(only_mail(&store).await, before);
    }
    assert!(store.complete(&second, &sent(45)).await.unwrap(), "over, but nobody else took it");
    let after = only_mail(&store).await;
    assert_eq!((after.state, after.leased_until, after.lease), (DeliveryState::Sent, None, 2));
    assert_eq!((after.mailed_at, after.attempts.len()), (Some(at(45)), 1));
    assert!(!store.complete(&second, &sent(46)).await.unwrap());
    assert!(!store.fail(&second, &failed(46, None)).await.unwrap());
    assert_eq!(only_mail(&store).await, after);
}

pub async fn mailed_at_is_never_later_than_the_mail<S: Storage>(store: S) {
    let (_, row) = mailing(&store, &[1]).await;
    let reads = Reads::new().invitation(row.id);
    let mailed_at = async || store.load(&acme(), &reads, at(0)).await.unwrap().mailed_at(row.id).unwrap();
    assert_eq!(mailed_at().await, None);
    leased(&store, 10, 20, 9).await;
    assert_eq!(mailed_at().await, Some(at(10)), "it may have been sent");
    let second = leased(&store, 30, 40, 9).await.remove(0);
    assert_eq!(mailed_at().await, Some(at(10)), "the first try may have sent it");
    assert!(store.fail(&second, &failed(31, Some(50))).await.unwrap());
    assert_eq!(mailed_at().await, None);
    assert_eq!(store.due().await.unwrap(), Some(at(50)));
    let third = leased(&store, 55, 60, 9).await.remove(0);
    assert!(store.complete(&third, &sent(56)).await.unwrap());
    assert_eq!(mailed_at().await, Some(at(56)));
    let mail = only_mail(&store).await;
    assert_eq!(mail.attempts, [failed(31, None).attempt.unwrap(), sent(56).attempt.unwrap()]);
}

pub async fn the_longest_due_is_leased_first<S: Storage>(store: S) {
    mailing(&store, &[5, 3, 9, 1, 7]).await;
    let ids = |leases: Vec<Lease>| leases.into_iter().map(|lease| lease.delivery).collect::<Vec<_>>();
    assert_eq!(ids(leased(&store, 20, 30, 2).await), [1, 3].map(delivery_id));
    assert_eq!(ids(leased(&store, 20, 40, 1).await), [5].map(delivery_id));
    assert_eq!(
        ids(leased(&store, 30, 40, 9).await),
        [1, 3, 7, 9].map(delivery_id),
        "those whose lease is over first"
    );
    let given_up = leased(&store, 50, 60, 1).await.remove(0);
    assert!(store.fail(&given_up, &failed(51, None)).await.unwrap());
    assert_eq!(
        store.lease(at(99), at(100), 9).await.unwrap().leased.len(),
        4,
        "what was given up is not queued"
    );
    assert!(store.lease(at(99), at(100), 0).await.unwrap().leased.is_empty());
}
