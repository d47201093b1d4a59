//! The contract of `invite-mailer`, case by case.
//!
//! [`mailer!`](crate::mailer!) makes the tests; [`CASES`] are the same cases for other uses.

mod addresses;
mod content;
mod failures;
mod fixture;
mod list;
mod messages;
mod received;
mod silence;
mod trying;

use crate::case::{self, Case};

pub use fixture::{Failure, Fixture};
pub use received::{Envelope, Mailbox, Received, Unreadable};

/// What every case is given.
type Subject = Box<dyn Fixture>;

/// Every case, in the order of the sentences.
pub const CASES: &[Case<Subject>] = crate::__mailer_cases!(__table []);

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
