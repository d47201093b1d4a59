//! The contracts of `invite` as tests, for whoever writes an adapter.
//!
//! One line in a test file of an adapter makes a test of every case, named after the numbered sentences of the
//! contract that it keeps. See [`storage!`] for stores, and [`mailer!`] for mailers.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a case fails by panicking"
)]

mod case;
pub mod mailer;
pub mod storage;

pub use case::{Broken, Case};
