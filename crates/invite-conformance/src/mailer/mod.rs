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

use crate::Case;

pub use fixture::{Failure, Fixture};
pub use received::{Envelope, Mailbox, Received, Unreadable};

/// What every case is given.
type Subject = Box<dyn Fixture>;

/// Every case, in the order of the sentences.
pub const CASES: &[Case<Subject>] = crate::__mailer_cases!(__mailer_table []);

/// Runs one case by name.
///
/// # Panics
/// If the case fails, or if there is none of that name.
pub fn run<F: Fixture>(name: &str, fixture: impl Future<Output = F>) {
    let case = CASES.iter().find(|case| case.name == name);
    let case = case.unwrap_or_else(|| panic!("there is no case {name}"));
    case.run(async { Box::new(fixture.await) as Subject });
}

/// Whether there is a case of that name.
#[must_use]
pub const fn is_case(name: &str) -> bool {
    let mut n = 0;
    while n < CASES.len() {
        if is_same(CASES[n].name.as_bytes(), name.as_bytes()) {
            return true;
        }
        n += 1;
    }
    false
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut n = 0;
    while n < one.len() && n < other.len() && one[n] == other[n] {
        n += 1;
    }
    n == one.len() && n == other.len()
}
