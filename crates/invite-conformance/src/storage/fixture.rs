//! What a case needs beside the store.

use async_trait::async_trait;
use invite_storage::Storage;

/// A store made for one case, and what can be done to it from outside.
///
/// Every [`Storage`] is a fixture as it is. A type of its own is for stores that keep things beyond the process, or
/// that can be disturbed: the more of its methods it has, the more the cases look at. Without a method a case asks what
/// can be asked without it: of `errors_fail_closed`, `unknown_is_said` and `acknowledged_is_kept` that is little.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// The store: empty at first, and migrated.
    fn storage(&self) -> &dyn Storage;

    /// One more handle of the same rows, as another process would have it. `None` for a store that has none.
    async fn another(&self) -> Option<Box<dyn Storage>> {
        None
    }

    /// Closes the store and opens it again, as the next process does. Nothing else holds it meanwhile. The default
    /// does nothing, which is right for a store that keeps nothing beyond the process.
    async fn reopen(&mut self) {}

    /// All bytes that the store keeps, to be searched for what must not be there. Empty for those that keep none.
    async fn stored(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Takes away what the store needs to answer: its file, its server. Says whether it did.
    async fn cut(&self) -> bool {
        false
    }

    /// Loses the reply to the next commit, which is written. Says whether it will.
    async fn lose_reply(&self) -> bool {
        false
    }
}

impl<S: Storage> Fixture for S {
    fn storage(&self) -> &dyn Storage {
        self
    }
}
