//! The list of cases against the contract that it is the list of.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use invite_conformance::storage::CASES;
use invite_conformance::{host_transaction, mailer};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Number and name of every sentence: lines that begin like ``//! 1. `name`:``.
fn sentences(contract: &str) -> Vec<(u32, String)> {
    let lines = contract.lines().filter_map(|line| line.strip_prefix("//! "));
    let numbered = lines.filter_map(|line| line.split_once(". `"));
    numbered
        .filter_map(|(number, rest)| Some((number.parse().ok()?, rest.split_once('`')?.0.to_owned())))
        .collect()
}

#[test]
fn every_sentence_has_a_case_and_every_case_a_sentence() {
    let contract = sentences(&read("../invite-storage/src/lib.rs"));
    assert!(contract.iter().map(|(number, _)| *number).eq(1..=42), "{contract:?}");
    let mut listed = CASES.iter().map(|case| (case.number(), case.sentence().to_owned())).collect::<Vec<_>>();
    listed.dedup();
    assert_eq!(listed, contract);
}

#[test]
fn a_case_is_named_after_its_sentence_and_once() {
    for case in CASES {
        assert!(case.name().starts_with(case.sentence()), "{case:?}");
    }
    let names = CASES.iter().map(|case| case.name()).collect::<BTreeSet<_>>();
    assert_eq!(names.len(), CASES.len());
}

/// The names of the promises of host transactions: items that begin like ``/// - `name`:``.
#[test]
fn every_promise_of_host_transactions_has_a_case_and_every_case_a_promise() {
    let contract = read("../invite-storage/src/transaction.rs");
    let items = contract.lines().filter_map(|line| line.strip_prefix("/// - `")?.split_once('`'));
    let promises = (1..).zip(items.map(|(name, _)| name)).collect::<Vec<_>>();
    let mut listed =
        host_transaction::CASES.iter().map(|case| (case.number(), case.sentence())).collect::<Vec<_>>();
    listed.dedup();
    assert_eq!(listed, promises);
    assert_eq!(listed.len(), 6);
    for case in host_transaction::CASES {
        assert!(case.name().starts_with(case.sentence()), "{case:?}");
    }
}

#[test]
fn no_case_is_missing_from_a_list() {
    assert_eq!(written("storage"), CASES.iter().map(|case| case.name().to_owned()).collect());
    let listed = host_transaction::CASES.iter().map(|case| case.name().to_owned());
    assert_eq!(written("host_transaction"), listed.collect());
    assert_eq!(written("mailer"), mailer::CASES.iter().map(|case| case.name().to_owned()).collect());
}

/// The cases that stand in the files of a suite.
fn written(suite: &str) -> BTreeSet<String> {
    let mut written = BTreeSet::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(suite)).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for (_, rest) in
            source.match_indices("async fn ").map(|(at, found)| source.split_at(at + found.len()))
        {
            if let Some((name, "fixture: Subject" | "mut fixture: Subject")) =
                rest.split_once(')').and_then(|(head, _)| head.split_once('('))
            {
                written.insert(name.to_owned());
            }
        }
    }
    written
}

#[test]
#[should_panic(expected = "there is no case of_another_name")]
fn a_case_that_does_not_exist_does_not_pass() {
    invite_conformance::storage::run("of_another_name", async { invite_memory::MemoryStorage::new() });
}
