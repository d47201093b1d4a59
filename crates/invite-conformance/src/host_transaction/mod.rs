//! What `HostTransaction` promises, case by case.
//!
//! [`host_transaction!`](crate::host_transaction!) makes the tests; [`CASES`] are the same cases for other uses.

mod fixture;
mod list;
mod owned;
mod refused;

use crate::case::{self, Case};

pub use fixture::{Fixture, Open};

/// What every case is given.
type Subject = Box<dyn Fixture>;

/// Every case, in the order of the promises.
pub const CASES: &[Case<Subject>] = crate::__host_transaction_cases!(__table []);

/// Runs one case by name.
///
/// # Panics
/// If the case fails, or if there is none of that name.
pub fn run<F: Fixture>(name: &str, fixture: impl Future<Output = F>) {
    case::find(CASES, name).run(async { Box::new(fixture.await) as Subject });
}

/// Whether there is a case of that name.
#[must_use]
pub const fn is_case(name: &str) -> bool {
    case::is_among(CASES, name)
}
