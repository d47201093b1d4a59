//! The suite against stores that are broken on purpose. Each must fail, and for the right reason: the cases that
//! look for what is wrong, and none that does not.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, unreachable_pub, reason = "a test")]

mod twist;
mod twists;

use std::sync::Once;

use invite_conformance::Broken;
use invite_conformance::storage::{CASES, Fixture};

/// Panics inside of a case are what is looked for here: those of its tasks need not be shown.
fn quietly() {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let shown = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() != Some("tokio-rt-worker") {
                shown(info);
            }
        }));
    });
}

/// Random histories stumble over anything, sooner or later, and take their time to say how: they are asked apart.
const HISTORIES: &str = "_in_random_histories";

/// What the cases of these names find.
fn findings<F: Fixture>(fixture: impl Fn() -> F, asked: impl Fn(&str) -> bool) -> Vec<Broken> {
    quietly();
    let run = |case: &invite_conformance::Case<Box<dyn Fixture>>| {
        case.try_run(async { Box::new(fixture()) as Box<dyn Fixture> }).err()
    };
    CASES.iter().filter(|case| asked(case.name())).filter_map(run).collect()
}

/// The suite finds it: in these cases, with these words in the first of them. Others may stumble over it as well, if
/// their names begin like one of `also`; no case stumbles that has nothing to do with it.
fn is_found<F: Fixture>(fixture: impl Fn() -> F, cases: &[&str], words: &str, also: &[&str]) {
    let found = findings(fixture, |name| !name.ends_with(HISTORIES));
    let names = found.iter().map(|broken| broken.case).collect::<Vec<_>>();
    for case in cases {
        assert!(names.contains(case), "{case} passed; what was found: {names:#?}");
    }
    let may = |name: &str| cases.contains(&name) || also.iter().any(|also| name.starts_with(also));
    let unexpected = names.iter().filter(|name| !may(name));
    let unexpected = unexpected.collect::<Vec<_>>();
    assert!(unexpected.is_empty(), "failed without a reason: {unexpected:#?}");
    let first =
        found.iter().find(|broken| Some(&broken.case) == cases.first()).expect("there is a first one");
    assert!(!words.is_empty(), "it must fail for a reason");
    assert!(first.seen.contains(words), "{words:?} is not why it failed:\n{first}");
    assert!(first.to_string().contains(first.sentence), "the sentence is named");
}

#[test]
fn the_sound_store_passes_all() {
    let found = findings(invite_memory::MemoryStorage::new, |_| true);
    assert!(found.is_empty(), "{found:#?}");
    let found = findings(|| twist::Twisted::new(twists::Nothing), |_| true);
    assert!(found.is_empty(), "{found:#?}");
}
