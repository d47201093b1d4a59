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
    circles_with_who_is_suspended: around(Suspended),
        fails [circles_are_who_is_together] saying "without who is suspended";
    circles_of_closed_groups: around(Shut),
        fails [circles_are_who_is_together] saying "a closed group has no circle";
    what_they_held_is_forgotten: edited(|commit| {
        commit.former.iter_mut().for_each(|row| row.grants = Grants::default());
    }),
        fails [circles_are_who_is_together_and_was] saying "with what they held";
    those_who_left_are_forgotten: edited(|commit| commit.former.clear()),
        fails [circles_are_who_is_together_and_was] saying "the last to leave first"
        also [circles_are_who_is_together erased_is_gone_from_former_members values_come_back_in_random_histories];
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

/// Who is in a circle by a list of members that asks for no status but this, the newest first.
async fn listed(store: &MemoryStorage, circle: &Circle, status: MemberStatus) -> Vec<UserId> {
    let (organization, group) = match circle {
        Circle::Group(organization, group) => (organization, Some(group.clone())),
        Circle::Members { organization, .. } | Circle::Former { organization, .. } => (organization, None),
    };
    let filter = MemberFilter { group, status: Some(status), ..MemberFilter::default() };
    let seek = Seek { after: None, limit: 9 };
    let rows = store.members(organization, &filter, &seek).await.unwrap();
    rows.into_iter().rev().map(|row| row.user).collect()
}

/// Brings those who are suspended before all others.
struct Suspended(MemoryStorage);

#[async_trait]
impl Wrapper for Suspended {
    in_memory!();

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        let mut found = self.0.circles(circles, limit).await?;
        for (users, circle) in found.iter_mut().zip(circles) {
            users.splice(0..0, listed(&self.0, circle, MemberStatus::Suspended).await);
            users.truncate(usize::try_from(limit).unwrap());
        }
        Ok(found)
    }
}

/// Brings who is in a group, also in a closed one.
struct Shut(MemoryStorage);

#[async_trait]
impl Wrapper for Shut {
    in_memory!();

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        let mut found = self.0.circles(circles, limit).await?;
        for (users, circle) in found.iter_mut().zip(circles) {
            if matches!(circle, Circle::Group(..)) && users.is_empty() {
                *users = listed(&self.0, circle, MemberStatus::Active).await;
            }
        }
        Ok(found)
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
