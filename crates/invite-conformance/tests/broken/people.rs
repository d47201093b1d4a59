//! Stores that mistake who is together, or who does not want to be invited.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::{around, edited};

broken_stores! {
    circles_without_a_limit: around(Unlimited),
        fails [circles_are_who_is_together circles_are_who_is_together_and_was] saying "as many as asked for";
    circles_with_those_who_came_later: around(Later),
        fails [circles_are_who_is_together] saying "those who joined by then";
    those_who_left_are_forgotten: edited(|commit| commit.former.clear()),
        fails [circles_are_who_is_together_and_was] saying "the last to leave first"
        also [erased_is_gone_from_former_members values_come_back_in_random_histories];
    a_block_gets_a_new_time: around(Anew),
        fails [blocks_are_everywhere] saying "and keeps its time";
    blocks_are_not_listed: around(Unlisted),
        fails [blocks_are_everywhere_among_suppressions] saying "with the block of all among them";
}

/// Brings everybody in a circle.
struct Unlimited(MemoryStorage);

#[async_trait]
impl Wrapper for Unlimited {
    in_memory!();

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        self.0.circles(circles, limit.saturating_mul(1_000)).await
    }
}

/// Brings those who joined after somebody left.
struct Later(MemoryStorage);

#[async_trait]
impl Wrapper for Later {
    in_memory!();

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        let any = |circle: &Circle| match circle {
            Circle::Members { organization, .. } => {
                Circle::Members { organization: organization.clone(), until: None }
            }
            circle => circle.clone(),
        };
        self.0.circles(&circles.iter().map(any).collect::<Vec<_>>(), limit).await
    }
}

/// Blocks anew what is blocked already.
struct Anew(MemoryStorage);

#[async_trait]
impl Wrapper for Anew {
    in_memory!();

    async fn block_everywhere(
        &self,
        invitees: &[Invitee],
        since: Option<DateTime<Utc>>,
    ) -> Result<u32, StorageError> {
        let changed = self.0.block_everywhere(invitees, since).await?;
        if since.is_some() {
            self.0.block_everywhere(invitees, None).await?;
            self.0.block_everywhere(invitees, since).await?;
        }
        Ok(changed)
    }
}

/// Lists only what is kept in organizations.
struct Unlisted(MemoryStorage);

#[async_trait]
impl Wrapper for Unlisted {
    in_memory!();

    async fn suppressions(
        &self,
        invitees: &[Invitee],
        limit: u32,
    ) -> Result<Vec<SuppressionEntry>, StorageError> {
        let mut found = self.0.suppressions(invitees, limit).await?;
        found.retain(|entry| entry.organization.is_some());
        Ok(found)
    }
}
