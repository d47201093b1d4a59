//! The model on every store: random histories, and everything compared after every step.

#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and tells its seed"
)]

use std::hash::{BuildHasher as _, RandomState};

use chrono::TimeDelta;
use invite::core::{Commit, RowChange};
use invite::{Expiry, Grant, InvitationFilter, InvitationState, PageRequest, Plan, Settings};
use invite_memory::MemoryStorage;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use tests::model::{History, Ran, histories, run};
use tests::{Listed as _, Losing, Store, on_every_store, operations};

/// Few and short, unless `PROPTEST_CASES` says how many: `cargo xtask soak` runs many and long ones.
const CASES: u32 = 12;
const STEPS: usize = 60;

fn blocking<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = std::env::var_os("PROPTEST_CASES").is_some();
    let cases = if asked { default.cases } else { CASES };
    let seed = match default.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(()),
    };
    // Shown by a test that fails.
    println!("again: PROPTEST_RNG_SEED={seed} PROPTEST_CASES={cases} cargo test -p tests --test model");
    let rng_seed = RngSeed::Fixed(seed);
    ProptestConfig { cases, rng_seed, max_shrink_iters: 1_000, failure_persistence: None, ..default }
}

async fn on_memory(history: &History) -> Ran {
    run(Store::memory().await, history).await
}

async fn on_sqlite(history: &History) -> Ran {
    run(Store::sqlite().await, history).await
}

async fn on_postgres(history: &History) -> Ran {
    run(Store::postgres().await, history).await
}

fn found(ran: &Ran) -> Result<(), TestCaseError> {
    match &ran.found {
        None => Ok(()),
        Some(found) => Err(TestCaseError::fail(format!("{found}\nafter\n{}", ran.told.join("\n")))),
    }
}

/// The first line that differs, if one does.
fn alike(one: &Ran, other: &Ran) -> Result<(), TestCaseError> {
    for (position, (one, other)) in one.told.iter().zip(&other.told).enumerate() {
        prop_assert_eq!(one, other, "at {}", position);
    }
    prop_assert_eq!(&one.found, &other.found);
    prop_assert_eq!(one.told.len(), other.told.len());
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    /// IDN-10, IDN-11, AUT-1, AUT-2, AUT-4, AUT-5, AUT-7, AUT-8, LIF-1, LIF-2, LIF-3, LIF-5, LIF-7, LIF-7b, LIF-7c,
    /// LIF-7d, LIF-8, LIF-10, LIF-12, LIF-13, CON-3, CON-4, SEA-1, SEA-2, SEA-3, SEA-5, STO-2, STO-7, LNK-3, LNK-4, LNK-5,
    /// LNK-6, MAI-7, PRI-6.
    #[test]
    fn memory_does_as_the_model_says(history in histories(STEPS)) {
        found(&blocking(on_memory(&history)))?;
    }

    /// The same on a file, opened anew at every restart.
    #[test]
    fn sqlite_does_as_the_model_says(history in histories(STEPS)) {
        found(&blocking(on_sqlite(&history)))?;
    }

    /// The same in a database, over a new pool at every restart.
    #[test]
    fn postgres_does_as_the_model_says(history in histories(STEPS)) {
        found(&blocking(on_postgres(&history)))?;
    }

    /// STO-1: all stores tell the same of the same history.
    #[test]
    fn every_store_tells_the_same(history in histories(STEPS)) {
        let memory = blocking(on_memory(&history));
        alike(&memory, &blocking(on_sqlite(&history)))?;
        alike(&memory, &blocking(on_postgres(&history)))?;
    }

    /// LNK-1: any number of previews, inserted anywhere, changes no outcome.
    #[test]
    fn previews_change_no_outcome(history in histories(STEPS)) {
        alike(&blocking(on_memory(&history)), &blocking(on_memory(&history.without_previews())))?;
    }
}

/// What a red run prints is enough to draw its histories anew.
#[test]
fn the_seed_that_is_told_draws_the_same_histories() {
    use proptest::strategy::ValueTree;

    let drawn = |config: ProptestConfig| {
        let mut runner = TestRunner::new(config);
        (0..CASES).map(|_| histories(STEPS).new_tree(&mut runner).unwrap().current()).collect::<Vec<_>>()
    };
    let told = config();
    let first = drawn(told.clone());
    assert_eq!(first, drawn(told.clone()));
    assert_ne!(first, drawn(ProptestConfig { rng_seed: RngSeed::Random, ..told }));
}

/// Histories would show little if most commands were refused, or some never done. An operation that is not in the
/// model fails here.
#[test]
fn histories_come_to_many_outcomes() {
    use proptest::strategy::ValueTree;
    use std::collections::BTreeSet;

    let mut runner = TestRunner::deterministic();
    let (mut done, mut codes) = (BTreeSet::new(), BTreeSet::new());
    let everywhere = EVERYWHERE.map(str::to_owned);
    let mut never = operations().into_iter().chain(everywhere).collect::<BTreeSet<_>>();
    assert!(never.len() >= 40, "{} operations: {never:?}", never.len());
    for _ in 0..200 {
        let history = histories(80).new_tree(&mut runner).unwrap().current();
        let ran = blocking(on_memory(&history));
        assert_eq!(ran.found, None);
        for line in ran.told {
            let (asked, came) = line.rsplit_once(": ").unwrap_or((&line, ""));
            let word = asked.split_whitespace().nth(2).unwrap_or_default();
            let word = kebab(word.split(['(', '{']).next().unwrap_or_default());
            if came.starts_with(|first: char| first.is_ascii_lowercase()) {
                codes.insert(came.to_owned());
            } else {
                done.insert(word);
            }
        }
        never.retain(|name| match name.as_str() {
            "add-members" => !done.contains("add"),
            "remove-members" => !done.contains("remove"),
            name => !done.contains(name),
        });
        if never.is_empty() && codes.len() >= 40 {
            return;
        }
    }
    panic!("{never:?} are never done, but {done:?}, and refused with {} codes: {codes:?}", codes.len());
}

/// What the service offers beside what the core decides in one organization.
const EVERYWHERE: [&str; 8] = [
    "accept-all",
    "decline-all",
    "block-all",
    "unblock-all",
    "remove-user",
    "erase-everywhere",
    "copy-link",
    "show-link",
];

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

type Lose = fn(&mut Commit);

/// The model itself: it finds out a store that loses something, and says what was lost.
#[test]
fn a_store_that_loses_something_is_found_out() {
    use proptest::strategy::ValueTree;

    let losing: [(Lose, &[&str]); 3] = [
        (|commit| commit.deliveries.clear(), &["MAI-4"]),
        (|commit| commit.commands.clear(), &["LIF-12"]),
        (|commit| commit.members.retain(|change| !matches!(change, RowChange::Delete(_))), &["SEA-3"]),
    ];
    for (lose, rules) in losing {
        let mut runner = TestRunner::deterministic();
        let found = (0..20).find_map(|_| {
            let history = histories(120).new_tree(&mut runner).unwrap().current();
            let store = Store::wrapping(Losing::new(MemoryStorage::new(), lose));
            blocking(run(store, &history)).found
        });
        let rule = found.map(|found| found.rule);
        assert!(rule.is_some_and(|rule| rules.contains(&rule)), "{rule:?} instead of {rules:?}");
    }
}

on_every_store! {
    /// Found by the model (LIF-1, STO-1): memory listed what a closed organization has still to write down as expired.
    async fn what_is_pending_in_a_closed_organization_is_not_listed_as_expired(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        acme.close().await.unwrap();
        for (state, count) in [(InvitationState::Pending, 1), (InvitationState::Expired, 0)] {
            let filter = InvitationFilter { state: Some(state), ..Default::default() };
            let listed = acme.organization().invitations(&filter, &PageRequest::default()).await.unwrap();
            assert_eq!(listed.items.len(), count, "{state}");
        }
    }

    /// Found by the model (SEA-3, STO-1): in memory, what expired by the last event held its seat when the clock went
    /// back behind that.
    async fn what_expired_by_the_last_event_holds_no_seat_when_the_clock_goes_back(world) {
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        let soon = Expiry::At(world.clock_now() + TimeDelta::hours(1));
        acme.invite("bob@example.com", Grant::role("member")).with(|it| it.expires_at(soon)).await.unwrap();
        world.pass(TimeDelta::hours(1));
        acme.change_settings(Settings::named("Acme")).await.unwrap();
        world.pass(-TimeDelta::minutes(5));
        assert_eq!(acme.seats_of("team").await, (0, 0));
        acme.invite("eve@example.com", Grant::role("member")).await.unwrap();
        assert_eq!(acme.seats_of("team").await, (0, 1));
    }
}
