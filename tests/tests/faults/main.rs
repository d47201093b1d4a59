//! Faults of stores and mailers: at every call, of every kind, in every operation.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod commands;
mod furnished;
mod looks;
mod mails;
mod seen;
