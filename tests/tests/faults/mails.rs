//! The courier, with every fault at every call of the store and of the mailer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use invite::core::DeliveryState;
use invite::{CourierReport, Error, Storage};
use invite_memory::{MemoryMailer, MemoryStorage};
use invite_sqlite::SqliteStorage;
use tests::{Call, Fault, Listed, MailFault, ScriptedMailer, World, code, person, postgres};

use crate::furnished::{Furnished, Stage};
use crate::seen::look;

/// Longer than a lease.
const LEASE_OVER: TimeDelta = TimeDelta::minutes(11);

/// What happens meanwhile, where a call or a mail is delayed.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    /// Another courier looks for work.
    Another,
    /// It takes so long that the lease is over, and another courier takes over.
    TakenOver,
    /// Ada revokes dan's invitation.
    Revoked,
}

async fn happens(meanwhile: Meanwhile, world: World, furnished: Arc<Furnished>) {
    match meanwhile {
        Meanwhile::Another => {
            world.deliver().await;
        }
        Meanwhile::TakenOver => {
            world.pass(LEASE_OVER);
            world.deliver().await;
        }
        Meanwhile::Revoked => drop(world.acme_by("ada").revoke(furnished.dan).await),
    }
}

/// How many copies of how many different mails reached each address.
fn copies(mailer: &MemoryMailer) -> BTreeMap<String, (usize, usize)> {
    let mut ids = BTreeMap::<String, BTreeMap<String, usize>>::new();
    for message in mailer.sent() {
        let copies = ids.entry(message.to().canonical().to_owned()).or_default();
        *copies.entry(message.id().to_string()).or_default() += 1;
    }
    ids.into_iter().map(|(to, ids)| (to, (ids.values().sum(), ids.len()))).collect()
}

/// Time passes, and couriers without faults go on until nothing is queued.
async fn settle<S: Storage>(world: &World, store: &S) {
    for _ in 0..50 {
        if store.due().await.unwrap().is_none() {
            return;
        }
        world.pass(LEASE_OVER);
        world.deliver().await;
    }
    panic!("there is always something due");
}

/// Each mail that is wanted was sent, under one identity (MAI-4), and it is known that it was (MAI-6).
async fn require_sent(world: &World, most: usize, what: &str) {
    let copies = copies(&world.mailer);
    assert_eq!(copies.keys().collect::<Vec<_>>(), ["dan@example.com", "eve@example.com"], "{what}");
    assert!(copies.values().all(|(_, ids)| *ids == 1), "one identity: {what}: {copies:?}");
    let sent = copies.values().map(|(copies, _)| copies).sum::<usize>();
    assert!((2..=most).contains(&sent), "{sent} instead of at most {most}: {what}");
    let acme = world.acme_by("ada");
    for (invitee, state) in [
        ("eve@example.com", DeliveryState::Sent),
        ("dan@example.com", DeliveryState::Sent),
        ("kim@example.com", DeliveryState::Dropped),
        ("old@example.com", DeliveryState::Dropped),
    ] {
        assert_eq!(acme.mail_state(invitee).await, Some(state), "{invitee}: {what}");
    }
    look(world).await;
}

/// A report tells no more than happened.
fn require_truth(report: &Result<CourierReport, Error>, sent: usize, what: &str) {
    match report {
        Ok(report) => assert!(report.sent <= sent, "{report:?}: {what}"),
        Err(error) => {
            assert!(["storage-unavailable", "outcome-unknown"].contains(&error.code()), "{error}: {what}");
        }
    }
}

/// One round of a courier whose store has a fault, and then rounds without. `first_fails` lets the first mail fail
/// for now, so that there is something to record as failed.
async fn run<S: Storage + Clone>(
    furnished: &Arc<Furnished>,
    empty: S,
    first_fails: bool,
    fault: Option<(usize, Fault)>,
    meanwhile: Meanwhile,
) -> Vec<Call> {
    let Stage { calm, shaky, storage } = furnished.stage(empty.clone()).await;
    let (world, at) = (calm.clone(), Arc::clone(furnished));
    storage.meanwhile(move || happens(meanwhile, world.clone(), Arc::clone(&at)));
    let mailer = ScriptedMailer::new(calm.mailer.clone());
    if first_fails {
        mailer.fault_at(0, MailFault::Transient);
    }
    if let Some((call, fault)) = fault {
        storage.fault_at(call, fault);
    }
    let report = shaky.invite.courier(mailer).run_once(100).await;
    let calls = storage.calls();
    storage.settled().await;
    let what = format!("{fault:?} of {calls:?}, first mail fails: {first_fails}, {meanwhile:?}: {report:?}");
    require_truth(&report, calm.mailer.sent().len(), &what);
    let unrecorded = fault.is_some_and(|(at, fault)| {
        let lost = matches!(fault, Fault::Unavailable | Fault::LostCommit);
        let late = fault == Fault::Delayed && matches!(meanwhile, Meanwhile::TakenOver);
        calls.get(at) == Some(&Call::Complete) && (lost || late)
    });
    settle(&calm, &empty).await;
    // Only a mail that was sent and could not be recorded is sent again; those leased with it are sent late.
    let most = if unrecorded { 4 } else { 2 };
    require_sent(&calm, most, &what).await;
    calls
}

/// Every fault at every call of a courier's round.
async fn every_fault<S: Storage + Clone>(empty: impl AsyncFn() -> S) -> BTreeSet<Call> {
    let furnished = Arc::new(Furnished::new().await);
    let mut met = BTreeSet::new();
    for first_fails in [false, true] {
        let calls = run(&furnished, empty().await, first_fails, None, Meanwhile::Another).await;
        for (at, call) in calls.iter().enumerate() {
            for fault in call.faults() {
                for meanwhile in [Meanwhile::Another, Meanwhile::TakenOver] {
                    if fault == Fault::Delayed || matches!(meanwhile, Meanwhile::Another) {
                        run(&furnished, empty().await, first_fails, Some((at, fault)), meanwhile).await;
                    }
                }
            }
        }
        met.extend(calls);
    }
    met
}

#[tokio::test]
async fn mai4_every_call_of_a_courier_survives_every_fault_in_memory() {
    let met = every_fault(async || MemoryStorage::new()).await;
    assert_eq!(met, BTreeSet::from([Call::Lease, Call::Complete, Call::Fail]));
}

#[tokio::test]
async fn mai4_every_call_of_a_courier_survives_every_fault_on_sqlite() {
    let sqlite = async || {
        let storage = SqliteStorage::in_memory().unwrap();
        storage.migrate().await.unwrap();
        storage
    };
    assert_eq!(every_fault(sqlite).await, BTreeSet::from([Call::Lease, Call::Complete, Call::Fail]));
}

#[tokio::test]
async fn mai4_every_call_of_a_courier_survives_every_fault_on_postgres() {
    let database = postgres::database().await;
    let storage = postgres::storage(database.url());
    let empty = async || {
        postgres::empty(&database).await;
        storage.clone()
    };
    assert_eq!(every_fault(empty).await, BTreeSet::from([Call::Lease, Call::Complete, Call::Fail]));
}

/// MAI-4, MAI-5, MAI-6: whatever a mailer does with one mail, the other one is sent once; the one is sent at least
/// once unless it failed for good, and its state says so.
#[tokio::test]
async fn mai5_every_mail_survives_every_fault_of_the_mailer() {
    let furnished = Arc::new(Furnished::new().await);
    for mail in [0, 1] {
        for fault in MailFault::ALL {
            let store = MemoryStorage::new();
            let Stage { calm, .. } = furnished.stage(store.clone()).await;
            let mailer = ScriptedMailer::new(calm.mailer.clone());
            let (world, at) = (calm.clone(), Arc::clone(&furnished));
            mailer.meanwhile(move || happens(Meanwhile::TakenOver, world.clone(), Arc::clone(&at)));
            mailer.fault_at(mail, fault);
            let report = calm.invite.courier(mailer.clone()).run_once(100).await.unwrap();
            let what = format!("{fault:?} of {mail}: {report:?}");
            assert_eq!(report.failed, usize::from(fault == MailFault::Permanent), "{what}");
            let retried = matches!(fault, MailFault::Transient | MailFault::LostReply);
            assert_eq!(report.retried, usize::from(retried), "{what}");
            settle(&calm, &store).await;
            if fault == MailFault::Permanent {
                let sent = copies(&calm.mailer);
                assert_eq!(sent.values().collect::<Vec<_>>(), [&(1, 1)], "the other one: {what}");
                let failed = ["eve@example.com", "dan@example.com"].into_iter();
                let failed = failed.filter(|address| !sent.contains_key(*address)).collect::<Vec<_>>();
                let state = calm.acme_by("ada").mail_state(failed[0]).await;
                assert_eq!(state, Some(DeliveryState::Failed), "{what}");
            } else {
                let most = if fault == MailFault::Transient { 2 } else { 4 };
                require_sent(&calm, most, &what).await;
            }
        }
    }
}

/// MAI-7: a mail that crosses a revoke may arrive, and its link is dead all the same.
#[tokio::test]
async fn mai7_a_mail_that_crosses_a_revoke_leads_nowhere() {
    let furnished = Arc::new(Furnished::new().await);
    for mail in [0, 1] {
        let Stage { calm, .. } = furnished.stage(MemoryStorage::new()).await;
        let mailer = ScriptedMailer::new(calm.mailer.clone());
        let (world, at) = (calm.clone(), Arc::clone(&furnished));
        mailer.meanwhile(move || happens(Meanwhile::Revoked, world.clone(), Arc::clone(&at)));
        mailer.fault_at(mail, MailFault::Delayed);
        calm.invite.courier(mailer).run_once(100).await.unwrap();
        for message in calm.mailer.sent().iter().filter(|message| message.to().as_str() == "dan@example.com")
        {
            let token = tests::Mail::from(message).token();
            assert_eq!(code(calm.invite.accept(&token, person("dan")).await), "revoked");
        }
        calm.invite.accept(&calm.token_to("eve@example.com"), person("eve")).await.unwrap();
    }
}

/// A courier that runs all the time outlives whatever its store does, also while it has nothing to do.
#[tokio::test(start_paused = true)]
async fn a_courier_at_work_outlives_every_fault() {
    let furnished = Furnished::new().await;
    for (call, faults) in [(Call::Due, Call::Due.faults()), (Call::Lease, Call::Lease.faults())] {
        for fault in faults {
            let store = MemoryStorage::new();
            let Stage { calm, shaky, storage } = furnished.stage(store.clone()).await;
            storage.meanwhile(async || {});
            storage.reset();
            // A lease, four ends, two leases that bring nothing; then it is asked what is due next.
            let at = if call == Call::Due { 7 } else { 0 };
            storage.fault_at(at, fault);
            let courier = shaky.courier();
            let work = courier.run(std::future::pending());
            let watch = async {
                while storage.calls().len() < at + 2 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                assert_eq!(storage.calls()[at], call);
                calm.pass(LEASE_OVER);
                let system = calm.invite.organization("acme").as_system();
                system.invite("new@example.com", invite::Grant::role("member")).await.unwrap();
                while copies(&calm.mailer).len() < 3 {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            };
            tokio::select! {
                () = work => panic!("it goes on"),
                () = watch => {}
            }
            assert!(copies(&calm.mailer).values().all(|sent| *sent == (1, 1)), "{fault:?}");
        }
    }
}
