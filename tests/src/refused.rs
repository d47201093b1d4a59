//! What somebody is told when a rule says no.

use std::fmt::Debug;

use invite::Error;

/// Requires that a rule said no: its code, the rule, and a remedy that holds these words (F6).
#[track_caller]
pub fn refused<T: Debug>(result: Result<T, impl Into<Error>>, code: &str, rule: &str, remedy: &str) {
    let error = match result {
        Ok(outcome) => panic!("it should be refused with {code}: {outcome:?}"),
        Err(error) => error.into(),
    };
    assert_eq!((error.code(), error.rule()), (code, Some(rule)), "{error}");
    assert!(error.remedy().contains(remedy), "{code}: {}", error.remedy());
    assert!(!error.to_string().is_empty());
}

/// The code of whatever came of it; `ok` if it went well.
pub fn code<T>(result: Result<T, impl Into<Error>>) -> &'static str {
    result.map_or_else(|error| error.into().code(), |_| "ok")
}
