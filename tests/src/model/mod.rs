//! The model: random histories over all operations, in two organizations, by people of different rights, under a
//! clock that moves, with previews, restarts and couriers between them; and after every step everything is compared.
//!
//! | File | Holds |
//! |---|---|
//! | `step` | steps and histories, and how they are drawn |
//! | `cast` | who plays, with which roles and plans |
//! | `choose` | what a step comes to, given what there is by then |
//! | `command` | every operation: what is asked, and what came of it |
//! | `reference` | an organization as it should be, predicted without the code under test |
//! | `rights` | who has which right, written anew |
//! | `invariants` | what must hold after every step, recounted from rows |
//! | `granting` | the same of who gave what to whom |
//! | `log` | the event log, folded, against what is stored |
//! | `snapshot` | what the lists show |
//! | `run` | one history on one store |
//! | `sound` | what holds of any organization, whatever led there |
//!
//! A history is a list of numbers that choose among what there is, so any part of one is a history: that is what
//! proptest needs to make a failing one small. Entropy, clock and keys are seeded, so a history always runs alike.

mod cast;
mod choose;
mod command;
mod granting;
mod invariants;
mod log;
mod reference;
mod rights;
mod run;
mod snapshot;
mod sound;
mod step;
mod violation;

pub use cast::{ORGANIZATIONS, Rules};
pub use run::{Ran, run};
pub use sound::sound;
pub use step::{History, Step, What, histories};
pub use violation::Violation;
