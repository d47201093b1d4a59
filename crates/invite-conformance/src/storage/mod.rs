//! The contract of `invite-storage`, case by case.
//!
//! [`storage!`](crate::storage!) makes the tests; [`CASES`] are the same cases for other uses.

mod asking;
mod commit;
mod erasing;
mod erasing_requests;
mod errors;
mod exclusive;
mod fixture;
mod groups;
mod guards;
mod histories;
pub(crate) mod keys;
mod list;
mod load;
mod outbox;
mod pages;
mod people;
mod reference;
mod refusing;
mod request_lists;
mod requests;
pub mod rows;
pub(crate) mod seen;
mod twins;
mod values;
mod world;

use crate::case::{self, Case};

pub use fixture::{Fixture, Row};

/// What every case is given.
type Subject = Box<dyn Fixture>;

/// Every case, in the order of the sentences.
pub const CASES: &[Case<Subject>] = crate::__storage_cases!(__table []);

/// Runs one case by name.
///
/// # Panics
/// If the case fails, or if there is none of that name.
pub fn run<F: Fixture>(name: &str, fixture: impl Future<Output = F>) {
    case::find(CASES, name).run(async { Box::new(fixture.await) as Box<dyn Fixture> });
}

/// What a task gave; a case of a task that panicked panics alike.
fn joined<T>(task: Result<T, tokio::task::JoinError>) -> T {
    task.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(payload) => std::panic::resume_unwind(payload),
        Err(error) => panic!("{error}"),
    })
}

/// Whether there is a case of that name.
#[must_use]
pub const fn is_case(name: &str) -> bool {
    case::is_among(CASES, name)
}
