//! Every operation, with every fault at every call that it makes of the store.

use std::collections::BTreeSet;

use invite::{Error, Storage};
use invite_memory::MemoryStorage;
use invite_sqlite::SqliteStorage;
use tests::{Call, Fault, code, operations, postgres};

use crate::cases::{CASES, Case};
use crate::furnished::{Furnished, Stage, something_else};
use crate::seen::{Seen, look, look_after_mail};

/// What goes wrong in a run: each fault with the number of its call.
type Plan = Vec<(usize, Fault)>;

/// What somebody does in a run without faults.
#[derive(Clone, Copy)]
enum Step {
    Act,
    Other,
}

/// What a store may hold: before the mail is sent, and after.
type Held = (Seen, Seen);

/// What a store may hold when the operation was done so often.
struct Expected {
    never: Vec<Held>,
    once: Vec<Held>,
    twice: Vec<Held>,
}

impl Expected {
    /// By runs without faults; `delayed` is how often something else happens as well.
    async fn of(case: &Case, furnished: &Furnished, delayed: bool) -> Self {
        use Step::{Act, Other};
        let histories: [&[&[Step]]; 3] = if delayed {
            [
                &[&[Other]],
                &[&[Other, Act], &[Act, Other]],
                &[&[Other, Act, Act], &[Act, Other, Act], &[Act, Act, Other]],
            ]
        } else {
            [&[&[]], &[&[Act]], &[&[Act, Act]]]
        };
        let mut held = Vec::new();
        for histories in histories {
            let mut these = Vec::new();
            for history in histories {
                these.push(played(case, furnished, history).await);
            }
            held.push(these);
        }
        let [never, once, twice] = held.try_into().unwrap_or_else(|_| panic!("three of them"));
        Self { never, once, twice }
    }
}

async fn played(case: &Case, furnished: &Furnished, history: &[Step]) -> Held {
    let Stage { calm, .. } = furnished.stage(MemoryStorage::new()).await;
    for step in history {
        match step {
            // The second time it may be refused.
            Step::Act => drop((case.act)(&calm, furnished, None).await),
            Step::Other => something_else(calm.clone()).await,
        }
    }
    (look(&calm).await, look_after_mail(&calm).await)
}

/// Both expectations of a case: with and without something else that happened meanwhile.
struct Both {
    alone: Expected,
    delayed: Expected,
}

/// One operation under faults, and then as it is asked for again. Gives the calls that it made by then.
async fn run<S: Storage + Clone>(
    case: &Case,
    key: Option<&'static str>,
    plan: &Plan,
    expected: &Both,
    (furnished, empty): (&Furnished, S),
) -> Vec<Call> {
    let Stage { calm, shaky, storage } = furnished.stage(empty).await;
    for (call, fault) in plan {
        storage.fault_at(*call, *fault);
    }
    let (operation, first) = (case.act)(&shaky, furnished, key).await;
    assert_eq!(operation, case.operation);
    let calls = storage.calls();
    let delayed = storage.settled().await > 0;
    storage.reset();
    let told = first.as_ref().map_or_else(|error| error.code(), |_| "ok");
    let what = format!("{operation}, key {key:?}, {plan:?} of {calls:?}: {told}");
    let expected = if delayed { &expected.delayed } else { &expected.alone };
    let now = look(&calm).await;
    let is = |held: &[Held], now: &Seen| held.iter().any(|(before_mail, _)| before_mail == now);
    let was_done = is(&expected.once, &now);
    require_truth(&first, was_done, is(&expected.never, &now), &what);

    let again = (case.act)(&shaky, furnished, key).await.1;
    let ends_as = match (&first, key) {
        (Ok(first), Some(_)) => {
            assert_eq!(&again.unwrap(), first, "the first outcome is told again: {what}");
            &expected.once
        }
        (Ok(_), None) => &expected.twice,
        (Err(_), Some(_)) => {
            assert_eq!(code(again), "ok", "{what}");
            &expected.once
        }
        // Asked for again without a key, it is done again where that is possible.
        (Err(_), None) if was_done && !is(&expected.never, &now) => &expected.twice,
        (Err(_), None) => {
            assert_eq!(code(again), "ok", "{what}");
            &expected.once
        }
    };
    let end = look_after_mail(&calm).await;
    let fits = ends_as.iter().any(|(_, after_mail)| *after_mail == end);
    assert!(
        fits,
        "{what}\nends as {end:#?}\ninstead of {:#?}",
        ends_as.iter().map(|(_, end)| end).collect::<Vec<_>>()
    );
    calls
}

/// What is told is true: done, or not done, or not known (STO-3, STO-4).
fn require_truth(told: &Result<String, Error>, was_done: bool, was_not: bool, what: &str) {
    assert!(was_done || was_not, "half done: {what}");
    match told {
        Ok(_) => assert!(was_done, "acknowledged, and not there: {what}"),
        Err(error @ Error::Storage(why)) if why.is_outcome_unknown() => {
            assert_eq!(error.code(), "outcome-unknown", "{what}");
        }
        Err(error) => {
            let codes = ["storage-unavailable", "storage-failed"];
            assert!(codes.contains(&error.code()), "{error}: {what}");
            assert!(was_not, "an error, and it is there: {what}");
        }
    }
}

/// Whether a second fault follows on every way out of the first.
#[derive(Clone, Copy, PartialEq)]
enum Faults {
    One,
    Two,
}

/// Runs with one fault, and with a second one wherever the first led to more calls. Gives the calls that were met.
async fn every_fault<S: Storage + Clone>(
    case: &Case,
    furnished: &Furnished,
    (faults, keys): (Faults, &[Option<&'static str>]),
    empty: impl AsyncFn() -> S,
) -> BTreeSet<Call> {
    let alone = Expected::of(case, furnished, false).await;
    let expected = Both { alone, delayed: Expected::of(case, furnished, true).await };
    let mut met = BTreeSet::new();
    for key in keys.iter().copied() {
        let undisturbed = run(case, key, &Plan::new(), &expected, (furnished, empty().await)).await;
        assert!(!undisturbed.is_empty());
        for (at, call) in undisturbed.iter().enumerate() {
            for fault in call.faults() {
                let plan = vec![(at, fault)];
                let calls = run(case, key, &plan, &expected, (furnished, empty().await)).await;
                met.extend(calls.iter().copied());
                let later = calls.iter().enumerate().skip(at + 1).filter(|_| faults == Faults::Two);
                for (second, call) in later {
                    for other in call.faults() {
                        let plan = vec![(at, fault), (second, other)];
                        met.extend(run(case, key, &plan, &expected, (furnished, empty().await)).await);
                    }
                }
            }
        }
    }
    met
}

const KEYS: &[Option<&str>] = &[None, Some("k")];

/// LIF-11, LIF-12, STO-3, STO-4: nothing acknowledged is lost, nothing is half done, what is told is true, and
/// asking again has one effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_survives_every_fault_in_memory() {
    let furnished = Furnished::new().await;
    for case in CASES {
        every_fault(case, &furnished, (Faults::One, KEYS), async || MemoryStorage::new()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_survives_every_fault_on_sqlite() {
    let furnished = Furnished::new().await;
    let empty = async || {
        let storage = SqliteStorage::in_memory().unwrap();
        storage.migrate().await.unwrap();
        storage
    };
    for case in CASES {
        every_fault(case, &furnished, (Faults::One, &[Some("k")]), empty).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute or more"]
async fn every_operation_survives_every_fault_on_postgres() {
    let (furnished, database) = (Furnished::new().await, postgres::database().await);
    let storage = postgres::storage(database.url());
    let empty = async || {
        postgres::empty(&database).await;
        storage.clone()
    };
    for case in CASES {
        every_fault(case, &furnished, (Faults::One, &[Some("k")]), empty).await;
    }
}

/// The ways out of a fault are the same for every operation, so one of them goes through all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operation_survives_every_second_fault() {
    use Call::{Commit, Exclusive, FindCommit, Load, UnitCommit, UnitLoad, UnitWrite};
    let accept = CASES.iter().find(|case| case.operation == "accept").unwrap();
    let empty = async || MemoryStorage::new();
    let met = every_fault(accept, &Furnished::new().await, (Faults::Two, KEYS), empty).await;
    let all = [Load, Commit, Exclusive, UnitLoad, UnitWrite, UnitCommit, FindCommit];
    assert_eq!(met, BTreeSet::from(all), "the ways out were taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute or two"]
async fn every_operation_survives_every_second_fault() {
    let furnished = Furnished::new().await;
    for case in CASES {
        every_fault(case, &furnished, (Faults::Two, KEYS), async || MemoryStorage::new()).await;
    }
}

/// An operation that is not in the table fails here.
#[test]
fn no_operation_is_forgotten() {
    let table = CASES.iter().map(|case| case.operation.to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(table, operations());
}
