//! What a case needs beside the store.

use async_trait::async_trait;
use invite_core::{DeliveryId, InvitationId, OrganizationId, RequestId, UserId};
use invite_storage::Storage;

/// A store made for one case, and what can be done to it from outside.
///
/// Every [`Storage`] is a fixture as it is, of which nothing but its calls can be asked. A type of its own is for stores
/// that keep things beyond the process, or that can be disturbed. A case that needs what the fixture does not give fails,
/// until it is left out with the reason.
#[async_trait]
pub trait Fixture: Send + Sync + 'static {
    /// The store: empty at first, and migrated.
    fn storage(&self) -> &dyn Storage;

    /// One more handle of the same rows, as another process would have it. `None` for a store that has none.
    async fn another(&self) -> Option<Box<dyn Storage>> {
        None
    }

    /// Closes the store and opens it again, as the next process does. Nothing else holds it meanwhile. Says whether it
    /// did; `false` for a store that keeps nothing beyond the process.
    async fn reopen(&mut self) -> bool {
        false
    }

    /// All bytes that the store keeps, to be searched for what must not be there. `None` for one that keeps no bytes.
    async fn stored(&self) -> Option<Vec<u8>> {
        None
    }

    /// Takes away what the store needs to answer: its file, its server. Says whether it did.
    async fn cut(&self) -> bool {
        false
    }

    /// Loses the reply to the next commit, which is written, be it that of an exclusive unit. Says whether it will.
    async fn lose_reply(&self) -> bool {
        false
    }

    /// Damages a row, so that it is there and cannot be read any more. Says whether it did.
    async fn damage(&self, organization: &OrganizationId, row: &Row) -> bool {
        let _ = (organization, row);
        false
    }
}

/// A row to be damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "every fixture that damages rows damages all of these")]
pub enum Row {
    /// That of an invitation.
    Invitation(InvitationId),
    /// That of a member.
    Member(UserId),
    /// That of a delivery.
    Delivery(DeliveryId),
    /// That of a join request.
    Request(RequestId),
}

impl<S: Storage> Fixture for S {
    fn storage(&self) -> &dyn Storage {
        self
    }
}

/// What a case cannot do without.
impl dyn Fixture {
    pub(super) async fn must_have_another(&self) -> Box<dyn Storage> {
        self.another().await.unwrap_or_else(|| lacks("has no other handle of the store"))
    }

    pub(super) async fn must_reopen(&mut self) {
        if !self.reopen().await {
            lacks("cannot open the store again")
        }
    }

    pub(super) async fn must_have_stored(&self) -> Vec<u8> {
        self.stored().await.unwrap_or_else(|| lacks("does not give what the store keeps"))
    }

    pub(super) async fn must_cut(&self) {
        if !self.cut().await {
            lacks("cannot take away what the store needs to answer")
        }
    }

    pub(super) async fn must_lose_reply(&self) {
        if !self.lose_reply().await {
            lacks("cannot lose the reply to a commit")
        }
    }

    pub(super) async fn must_damage(&self, organization: &OrganizationId, row: Row) {
        if !self.damage(organization, &row).await {
            lacks("cannot damage a row")
        }
    }
}

fn lacks(what: &str) -> ! {
    panic!("the fixture {what}: leave this case out, with the reason")
}
