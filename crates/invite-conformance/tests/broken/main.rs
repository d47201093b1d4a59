//! The suite against stores that are broken on purpose. Each must fail, and for the right reason: the cases that
//! look for what is wrong, and none that does not.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    unreachable_pub,
    reason = "a test"
)]

use std::collections::BTreeSet;
use std::sync::Once;

use invite_conformance::Broken;
use invite_conformance::storage::{CASES, Fixture};

/// Broken stores, each with the cases that find it, the words of the first of them, and the beginnings of the names of
/// others that may stumble over it as well.
macro_rules! broken_stores {
    ($($name:ident: $store:expr, fails [$($case:ident)+] saying $words:literal $(also [$($also:ident)+])?;)+) => {
        /// The cases that find one of these.
        pub const FINDING: &[&str] = &[$($(stringify!($case)),+),+];

        $(#[test]
        fn $name() {
            crate::is_found(|| $store, &[$(stringify!($case)),+], $words, &[$($(stringify!($also)),+)?]);
        })+
    };
}

/// What a broken store around one in memory is made of beside what is wrong with it.
macro_rules! in_memory {
    () => {
        type Store = MemoryStorage;

        fn store(&self) -> &MemoryStorage {
            &self.0
        }
    };
}

mod answers;
mod commit;
mod erasing;
mod errors;
mod exclusive;
mod groups;
mod keys;
mod load;
mod outbox;
mod pages;
mod people;
mod requests;
mod surroundings;
mod tenants;
mod values;

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
    let found = findings(fixture, |name| !name.ends_with(HISTORIES) || cases.contains(&name));
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
    assert!(first.seen.contains(words), "{words:?} is not why it failed:\n{first}");
    assert!(first.to_string().contains(first.sentence), "the sentence is named");
}

#[test]
fn the_sound_store_passes_all() {
    let found = findings(|| surroundings::around(surroundings::Sound), |_| true);
    assert!(found.is_empty(), "{found:#?}");
}

/// A case that a fixture gives no means for does not pass in silence.
#[test]
fn what_a_fixture_cannot_show_fails_until_it_is_left_out() {
    let found = findings(invite_memory::MemoryStorage::new, |name| !name.ends_with(HISTORIES));
    assert!(found.iter().all(|broken| broken.seen.contains("leave this case out, with the reason")));
    let names = found.iter().map(|broken| broken.case).collect::<Vec<_>>();
    let expected = [
        "load_reads_own_writes_of_another_handle",
        "version_guards_two_writers_with_a_handle_each",
        "version_guards_in_a_race_of_two_handles",
        "acknowledged_is_kept",
        "exclusive_waits_for_another_handle",
        "outbox_has_no_secret_among_all_that_is_stored",
        "errors_fail_closed",
        "errors_fail_closed_where_a_row_cannot_be_read",
        "errors_fail_closed_where_a_request_cannot_be_read",
        "errors_fail_closed_and_take_no_other_delivery_along",
        "unknown_is_said",
    ];
    assert_eq!(names, expected);
}

#[test]
fn every_case_finds_a_broken_store() {
    let finding = [
        load::FINDING,
        commit::FINDING,
        keys::FINDING,
        values::FINDING,
        exclusive::FINDING,
        pages::FINDING,
        outbox::FINDING,
        errors::FINDING,
        groups::FINDING,
        people::FINDING,
        requests::FINDING,
        erasing::FINDING,
        tenants::FINDING,
    ];
    let finding = finding.concat().into_iter().collect::<BTreeSet<_>>();
    let idle = CASES.iter().filter(|case| !finding.contains(case.name())).map(|case| case.name());
    assert_eq!(idle.collect::<Vec<_>>(), [""; 0], "cases that find no broken store");
}
