//! The kit of the tests that cross crates: a [`World`] on any [`Store`], what people find in their mail, and what
//! they are refused.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod at_once;
mod broken;
pub mod interleave;
pub mod kills;
mod mail;
pub mod model;
mod operations;
mod people;
pub mod postgres;
mod refused;
mod scripted;
pub mod soak;
mod store;
mod world;

pub use at_once::at_once;
pub use broken::{Careless, Losing};
pub use mail::Mail;
pub use operations::{codes, operations};
pub use people::{address, group, newcomer, person, token, user};
pub use refused::{code, refused};
pub use scripted::{Call, Fault, Gate, MailFault, Scripted, ScriptedMailer};
pub use store::Store;
pub use world::{KEY, Listed, World, keyring, start};
