//! Storage and mailers for tests and demos of `invite`.
//!
//! [`MemoryStorage`] keeps every promise of the contract in `invite-storage` but the one about surviving the
//! process: versions guard, keys are unique, units of work wait for each other and roll back.

mod commit;
mod directory;
mod index;
#[cfg(test)]
mod invariants;
mod lists;
mod load;
mod outbox;
mod rows;
mod storage;

pub use storage::MemoryStorage;
