//! The contract of `invite-storage`, asked of the store in memory.

use invite_memory::MemoryStorage;

invite_conformance::storage!(MemoryStorage::new());
