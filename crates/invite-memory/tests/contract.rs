//! The contract of `invite-storage`, asked of the store in memory.

use async_trait::async_trait;
use invite_conformance::storage::Fixture;
use invite_memory::MemoryStorage;
use invite_storage::Storage;

/// The store, which clones share.
struct Shared(MemoryStorage);

#[async_trait]
impl Fixture for Shared {
    fn storage(&self) -> &dyn Storage {
        &self.0
    }

    async fn another(&self) -> Option<Box<dyn Storage>> {
        Some(Box::new(self.0.clone()))
    }
}

invite_conformance::storage! {
    Shared(MemoryStorage::new());
    except acknowledged_is_kept: "it keeps nothing beyond the process",
        outbox_has_no_secret_among_all_that_is_stored: "it keeps values, and no bytes to be searched",
        errors_fail_closed: "it needs nothing to answer that could be taken away",
        errors_fail_closed_where_a_row_cannot_be_read: "its rows are values, which can always be read",
        errors_fail_closed_where_a_request_cannot_be_read: "its rows are values, which can always be read",
        errors_fail_closed_and_take_no_other_delivery_along: "its rows are values, which can always be read",
        unknown_is_said: "a call within the process has no reply that could be lost"
}
