//! Cases of the sentences on the outbox.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use invite_core::*;
use invite_storage::{Completion, Failure, Lease, Leased, Storage};
use tokio::sync::Barrier;
use tokio::task::{JoinSet, yield_now};

use super::rows::*;
use super::{Fixture, Subject};

/// `acme` with one invitation and mails that are due at these seconds.
async fn mailing(store: &dyn Storage, due: &[u32]) -> (Organization, Invitation) {
    let row = invitation(1, "bob@example.com");
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    commit.deliveries = due.iter().map(|seconds| delivery(*seconds, &row)).collect();
    (written(store, &commit).await, row)
}

async fn lease(store: &dyn Storage, now: i64, until: i64, limit: u32) -> Vec<Leased> {
    store.lease(at(now), at(until), limit).await.unwrap().leased
}

async fn leases(store: &dyn Storage, now: i64, until: i64, limit: u32) -> Vec<Lease> {
    lease(store, now, until, limit).await.iter().map(Leased::lease).collect()
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

/// The delivery of the only invitation that was queued last.
async fn mail(store: &dyn Storage) -> Delivery {
    let listed = store.invitations(&acme(), &Default::default(), at(0), &all()).await.unwrap();
    listed[0].delivery.clone().unwrap()
}

pub(super) async fn committed_is_due(fixture: Subject) {
    let store = fixture.storage();
    assert_eq!(store.due().await.unwrap(), None, "nothing was committed");
    let (header, row) = mailing(store, &[20]).await;
    assert_eq!(store.due().await.unwrap(), Some(at(20)));
    assert!(leases(store, 19, 60, 9).await.is_empty(), "one second before it is due");
    let taken = lease(store, 20, 60, 9).await;
    assert_eq!(taken.len(), 1, "at the very moment it is due");
    assert_eq!((&taken[0].organization, &taken[0].invitation), (&header, &row));
    assert!(taken[0].suppressions.is_empty());
    let expected =
        Delivery { lease: 1, leased_until: Some(at(60)), mailed_at: Some(at(20)), ..delivery(20, &row) };
    assert_eq!(taken[0].delivery, expected, "the delivery as it is under the lease");
    assert_eq!(mail(store).await, expected, "the delivery as it is listed");
    assert_eq!(current(store, &acme()).await, header, "leases lie outside of the version");

    let mut refused = on(&super::rows::header("acme"));
    refused.deliveries = vec![delivery(30, &row)];
    assert!(is_conflict(&store.commit(&refused).await));
    assert_eq!(store.due().await.unwrap(), Some(at(60)), "what was not written is not due");
}

/// The organization, the invitation and the suppressions come with a lease as they are now.
pub(super) async fn committed_is_due_with_what_is_now(fixture: Subject) {
    let store = fixture.storage();
    let (header, row) = mailing(store, &[20]).await;
    let mut commit = on(&header);
    let kinds = SuppressionKind::ALL.map(|kind| suppression("bob@example.com", kind));
    commit.suppressions = kinds.iter().cloned().map(RowChange::Insert).collect();
    commit.suppressions.push(RowChange::Insert(suppression("eve@example.com", SuppressionKind::Mail)));
    commit.invitations = vec![RowChange::Update(revoked(row.clone(), 30))];
    commit.places = vec![RowChange::Delete(place_key(&row))];
    commit.deliveries = DeliveryState::ALL[1..]
        .iter()
        .zip(1..)
        .map(|(state, n)| Delivery { state: *state, ..delivery(n, &row) })
        .collect();
    let header = written(store, &commit).await;
    let taken = lease(store, 60, 90, 9).await;
    assert_eq!(taken.len(), 1, "what is not queued is not due");
    assert_eq!((&taken[0].organization, taken[0].invitation.is_open()), (&header, false), "as they are now");
    let mut seen = taken[0].suppressions.clone();
    seen.sort_by_key(|row| row.kind);
    assert_eq!(seen, kinds, "what this invitee does not want");
}

/// The next time: when a delivery is due, or when the lease that holds it ends.
pub(super) async fn committed_is_due_in_order(fixture: Subject) {
    let store = fixture.storage();
    mailing(store, &[5, 3, 9, 1, 7]).await;
    let mut other = on(&header("globex"));
    let row = invitation(2, "eve@example.com");
    insert_invitations(&mut other, std::slice::from_ref(&row));
    other.deliveries = vec![Delivery { organization: organization("globex"), ..delivery(2, &row) }];
    written(store, &other).await;
    let ids = |leases: Vec<Lease>| leases.into_iter().map(|lease| lease.delivery).collect::<Vec<_>>();
    assert_eq!(store.due().await.unwrap(), Some(at(1)));
    assert_eq!(ids(leases(store, 20, 30, 0).await), [], "as many as asked for");
    assert_eq!(ids(leases(store, 20, 30, 2).await), [1, 2].map(delivery_id), "the longest due first, of all");
    assert_eq!(store.due().await.unwrap(), Some(at(3)));
    assert_eq!(ids(leases(store, 20, 40, 1).await), [3].map(delivery_id));
    assert_eq!(ids(leases(store, 8, 40, 9).await), [5, 7].map(delivery_id), "and none before it is due");
    assert_eq!(store.due().await.unwrap(), Some(at(9)));
    assert_eq!(
        ids(leases(store, 30, 50, 9).await),
        [1, 2, 9].map(delivery_id),
        "with those whose lease is over"
    );
    assert_eq!(store.due().await.unwrap(), Some(at(40)), "when the first lease ends");
}

pub(super) async fn one_holds_a_lease(fixture: Subject) {
    let store = fixture.storage();
    mailing(store, &[1]).await;
    for number in 1..=3 {
        let now = i64::from(number) * 100;
        let held = leases(store, now, now + 50, 9).await;
        let numbers = held.iter().map(|lease| lease.number).collect::<Vec<_>>();
        assert_eq!(numbers, [number], "a higher number each time");
        for now in [now, now + 49] {
            assert!(leases(store, now, now + 50, 9).await.is_empty(), "a delivery that is held, at {now}");
        }
        if number == 2 {
            assert!(store.fail(&held[0], &failed(now, Some(250))).await.unwrap());
        }
    }
}

/// Until a time that is not ahead a lease is over at once; in one call it is given once all the same.
pub(super) async fn one_holds_a_lease_that_is_over_at_once(fixture: Subject) {
    let store = fixture.storage();
    mailing(store, &[20, 21]).await;
    for (until, number) in [(0, 1), (29, 2), (30, 3), (31, 4)] {
        let leased = leases(store, 30, until, 9).await;
        let numbers = leased.iter().map(|lease| lease.number).collect::<Vec<_>>();
        assert_eq!(numbers, [number; 2], "the leases of one call, until {until}");
    }
    assert!(leases(store, 30, 60, 9).await.is_empty(), "until 31 they are held");
}

pub(super) async fn one_holds_a_lease_in_a_race(fixture: Subject) {
    const MAILS: u32 = 20;
    let fixture: Arc<dyn Fixture> = fixture.into();
    mailing(fixture.storage(), &(0..MAILS).collect::<Vec<_>>()).await;
    let barrier = Arc::new(Barrier::new(5));
    let mut couriers = JoinSet::new();
    for _ in 0..5 {
        let (fixture, barrier) = (fixture.clone(), barrier.clone());
        couriers.spawn(async move {
            barrier.wait().await;
            let mut held = Vec::new();
            for _ in 0..4 {
                held.extend(leases(fixture.storage(), 50, 100, 3).await);
            }
            held
        });
    }
    let mut held = Vec::new();
    while let Some(courier) = couriers.join_next().await {
        held.extend(super::joined(courier));
    }
    assert!(held.iter().all(|lease| lease.number == 1), "the first lease of each: {held:?}");
    let distinct = held.iter().map(|lease| lease.delivery).collect::<BTreeSet<_>>();
    assert_eq!(
        (held.len(), distinct.len()),
        (MAILS as usize, MAILS as usize),
        "leases, and deliveries leased"
    );
}

/// Couriers lease what is committed meanwhile. Every mail is completed once, under one number.
pub(super) async fn one_holds_a_lease_while_others_commit(fixture: Subject) {
    const MAILS: u32 = 40;
    let fixture: Arc<dyn Fixture> = fixture.into();
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let mut header = created(store, std::slice::from_ref(&row), &[]).await;
    let all_are_written = Arc::new(AtomicBool::new(false));
    let mut couriers = JoinSet::new();
    for _ in 0..3 {
        let (fixture, all_are_written) = (fixture.clone(), all_are_written.clone());
        couriers.spawn(async move {
            let store = fixture.storage();
            let mut done = Vec::new();
            loop {
                let is_last = all_are_written.load(Ordering::Acquire);
                let held = leases(store, 1_000, 2_000, 5).await;
                if held.is_empty() && is_last {
                    break;
                }
                for lease in held {
                    assert_eq!(lease.number, 1, "the number of the only lease");
                    yield_now().await;
                    assert!(store.complete(&lease, &sent(1_001)).await.unwrap(), "the lease still counts");
                    done.push(lease.delivery);
                }
                yield_now().await;
            }
            done
        });
    }
    for n in 0..MAILS / 4 {
        let mut commit = on(&header);
        commit.deliveries = (0..4).map(|k| delivery(n * 4 + k, &row)).collect();
        header = written(store, &commit).await;
        yield_now().await;
    }
    all_are_written.store(true, Ordering::Release);
    let mut done = Vec::new();
    while let Some(courier) = couriers.join_next().await {
        done.extend(super::joined(courier));
    }
    let distinct = done.iter().collect::<BTreeSet<_>>();
    assert_eq!((done.len(), distinct.len()), (MAILS as usize, MAILS as usize), "mails completed");
    assert_eq!(store.due().await.unwrap(), None);
}

pub(super) async fn leases_end(fixture: Subject) {
    let store = fixture.storage();
    mailing(store, &[1, 2]).await;
    assert_eq!(leases(store, 10, 20, 9).await.len(), 2);
    assert!(leases(store, 19, 30, 9).await.is_empty(), "one second before the leases end");
    assert_eq!(store.due().await.unwrap(), Some(at(20)));
    let again = leases(store, 20, 30, 9).await;
    let numbers = again.iter().map(|lease| lease.number).collect::<Vec<_>>();
    assert_eq!(numbers, [2, 2], "at the very moment the leases end, another takes both");
    for lease in &again {
        assert!(store.complete(lease, &sent(21)).await.unwrap());
    }
    assert_eq!(store.due().await.unwrap(), None, "when all are sent");
    assert!(leases(store, 1_000, 2_000, 9).await.is_empty(), "what was sent is not leased again");
}

/// A delivery that nobody could ever send does not stay in the way of others.
pub(super) async fn leases_end_where_the_invitation_is_gone(fixture: Subject) {
    let store = fixture.storage();
    let (header, row) = mailing(store, &[1]).await;
    let other = invitation(2, "eve@example.com");
    let mut commit = on(&header);
    commit.invitations = vec![RowChange::Delete(row.id)];
    commit.places = vec![RowChange::Delete(place_key(&row))];
    insert_invitations(&mut commit, std::slice::from_ref(&other));
    commit.deliveries = vec![delivery(5, &other)];
    written(store, &commit).await;
    let taken = lease(store, 20, 30, 9).await;
    let seen = taken.iter().map(|leased| leased.invitation.id).collect::<Vec<_>>();
    assert_eq!(seen, [other.id], "the delivery without an invitation is dropped, the other one leased");
    assert!(store.complete(&taken[0].lease(), &sent(21)).await.unwrap());
    assert!(lease(store, 500, 600, 9).await.is_empty(), "what was dropped is not leased later");
    assert_eq!(store.due().await.unwrap(), None, "what was dropped is not due");
}

pub(super) async fn late_is_told(fixture: Subject) {
    let store = fixture.storage();
    mailing(store, &[1]).await;
    let first = leases(store, 10, 20, 9).await.remove(0);
    let second = leases(store, 20, 30, 9).await.remove(0);
    let before = mail(store).await;
    let late = [
        ("an earlier lease", first),
        ("a lease that nobody had", Lease { number: 3, ..second.clone() }),
        ("no lease", Lease { number: 0, ..second.clone() }),
        ("a lease of no delivery", Lease { delivery: delivery_id(99), ..second.clone() }),
        ("a lease of another organization", Lease { organization: organization("globex"), ..second.clone() }),
    ];
    for (what, lease) in &late {
        assert!(!store.complete(lease, &sent(25)).await.unwrap(), "completing under {what}");
        assert!(!store.fail(lease, &failed(25, Some(40))).await.unwrap(), "failing under {what}");
        assert_eq!(mail(store).await, before, "the delivery after {what}");
    }
    assert!(store.complete(&second, &sent(45)).await.unwrap(), "it is over, but nobody else took it");
    let after = mail(store).await;
    assert_eq!((after.state, after.leased_until, after.lease), (DeliveryState::Sent, None, 2));
    assert!(!store.complete(&second, &sent(46)).await.unwrap(), "completing what was completed");
    assert!(!store.fail(&second, &failed(46, None)).await.unwrap(), "failing what was completed");
    assert_eq!(mail(store).await, after, "the delivery after its end was recorded");
}

/// Every try is kept, and when it was mailed is never later than the mail.
pub(super) async fn late_is_told_and_tries_are_kept(fixture: Subject) {
    let store = fixture.storage();
    let (_, row) = mailing(store, &[1]).await;
    let reads = Reads::new().invitation(row.id);
    let mailed_at = async || store.load(&acme(), &reads, at(0)).await.unwrap().mailed_at(row.id).unwrap();
    assert_eq!(mailed_at().await, None, "before it was leased");
    leases(store, 10, 20, 9).await;
    assert_eq!(mailed_at().await, Some(at(10)), "it may have been sent");
    let second = leases(store, 30, 40, 9).await.remove(0);
    assert_eq!(mailed_at().await, Some(at(10)), "the first try may have sent it");
    assert!(store.fail(&second, &failed(31, Some(50))).await.unwrap());
    assert_eq!(mailed_at().await, None, "after a try that failed");
    assert_eq!(store.due().await.unwrap(), Some(at(50)));
    assert!(leases(store, 49, 60, 9).await.is_empty(), "before it is to be tried again");
    let third = leases(store, 55, 60, 9).await.remove(0);
    assert!(store.complete(&third, &sent(56)).await.unwrap());
    assert_eq!(mailed_at().await, Some(at(56)), "after it was sent");
    let expected = Delivery {
        state: DeliveryState::Sent,
        due_at: at(50),
        lease: 3,
        mailed_at: Some(at(56)),
        attempts: vec![failed(31, None).attempt.unwrap(), sent(56).attempt.unwrap()],
        ..delivery(1, &row)
    };
    assert_eq!(mail(store).await, expected);
}

/// Given up and no longer wanted are ends as well.
pub(super) async fn late_is_told_of_every_end(fixture: Subject) {
    let store = fixture.storage();
    let (mut header, row) = mailing(store, &[1]).await;
    let given_up = leases(store, 10, 20, 9).await.remove(0);
    assert!(store.fail(&given_up, &failed(11, None)).await.unwrap());
    let seen = mail(store).await;
    assert_eq!((seen.state, seen.leased_until, seen.mailed_at), (DeliveryState::Failed, None, None));
    assert!(!store.fail(&given_up, &failed(12, None)).await.unwrap(), "failing what was given up");
    assert_eq!(store.due().await.unwrap(), None, "what was given up is not due");

    for (n, state) in [(30, DeliveryState::Dropped), (40, DeliveryState::Sent)] {
        let mut commit = on(&header);
        commit.deliveries = vec![delivery(n, &row)];
        header = written(store, &commit).await;
        let lease = leases(store, n.into(), 90, 9).await.remove(0);
        let quiet = Completion { state, attempt: None, mailed_at: None };
        assert!(store.complete(&lease, &quiet).await.unwrap());
        let seen = mail(store).await;
        assert_eq!((seen.state, seen.mailed_at, seen.attempts.len()), (state, None, 0));
        assert!(!store.complete(&lease, &quiet).await.unwrap(), "completing what ended as {state:?}");
    }
}

/// TOK-2, MAI-9: whatever the calls of a store show is searched for every token that was issued.
pub(super) async fn outbox_has_no_secret(fixture: Subject) {
    let store = fixture.storage();
    let issued = Issued::by(store).await;
    issued.are_not_in(&everything(store).await.into_bytes());
}

/// And so is whatever it keeps.
pub(super) async fn outbox_has_no_secret_among_all_that_is_stored(fixture: Subject) {
    let issued = Issued::by(fixture.storage()).await;
    let stored = fixture.must_have_stored().await;
    assert!(holds(&stored, b"guest0@example.com"), "what the fixture gives is not what the store keeps");
    issued.are_not_in(&stored);
}

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// The tokens of two invitations that were made by the operation, with mails that are leased.
struct Issued(Vec<Token>);

impl Issued {
    async fn by(store: &dyn Storage) -> Self {
        let (model, keyring) = (AccessModel::preset(), Keyring::new(1, Key::from_bytes(SECRET).unwrap()));
        let host = Host::new(&model, &keyring);
        let create = CreateOrganization::new(Settings::named("Acme"), user("ada"), Plan::seats("team", 9));
        let invite = Invite::new("guest0@example.com, guest1@example.com", Grant::role("member"));
        let entropy = || Entropy::from_bytes((0..255).cycle().take(4_096).collect());
        let actor = Actor::User(user("ada"));
        let slice = store.load(&acme(), &create.reads(&actor), at(1)).await.unwrap();
        let mut draft = Draft::new(slice, at(1), commit_id());
        decide(&create, &host, &actor, entropy(), &mut draft).unwrap();
        written(store, &draft.into_commit()).await;
        let slice = store.load(&acme(), &invite.reads(&actor), at(1)).await.unwrap();
        let mut draft = Draft::new(slice, at(1), commit_id());
        let invited = decide(&invite, &host, &actor, entropy(), &mut draft).unwrap();
        let outcome = serde_json::to_string(&invited).unwrap();
        draft.remember(CommandRecord { outcome, ..command("ada", "") });
        written(store, &draft.into_commit()).await;
        assert_eq!(leases(store, 1, 2, 9).await.len(), 2);
        let rows = store.invitations(&acme(), &Default::default(), at(2), &all()).await.unwrap();
        let tokens = rows.iter().flat_map(|entry| {
            let (id, nonce) = (entry.invitation.id.as_uuid(), &entry.invitation.nonce);
            [Purpose::Mailed, Purpose::Copied, Purpose::Ownership, Purpose::Unsubscribe]
                .map(|purpose| keyring.issue(purpose, &acme(), id, nonce))
        });
        Self(tokens.collect())
    }

    fn are_not_in(&self, stored: &[u8]) {
        assert!(!holds(stored, SECRET), "the key of the keyring is stored");
        assert!(!holds(stored, b"inv_"), "a token is stored");
        for token in &self.0 {
            let text = token.reveal();
            let parts = [text.as_bytes(), &text.as_bytes()[text.len() - 20..], &token.digest()];
            assert!(!parts.iter().any(|part| holds(stored, part)), "a token, or its proof, is stored");
        }
    }
}

fn holds(stored: &[u8], part: &[u8]) -> bool {
    stored.windows(part.len()).any(|window| window == part)
}
