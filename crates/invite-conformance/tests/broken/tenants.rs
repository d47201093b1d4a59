//! Stores that forget the organization in one place, and show it where two have the same keys.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_conformance::storage::rows;
use invite_core::*;
use invite_memory::MemoryStorage;
use invite_storage::*;

use super::surroundings::around;

broken_stores! {
    what_somebody_sent_anywhere: around(SentAnywhere),
        fails [tenants_are_apart_in_random_histories lists_know_the_time] saying "invitations by InvitationFilter";
    a_delivery_that_ends_everywhere: around(EndsEverywhere),
        fails [tenants_are_apart_in_random_histories late_is_told] saying "expected";
    a_circle_of_whoever_left_anything: around(LeftAnything),
        fails [tenants_are_apart_in_random_histories circles_are_who_is_together_and_was] saying "circles";
}

/// The organization that does the same as one.
fn twin(id: &OrganizationId) -> OrganizationId {
    let id = id.as_str();
    rows::organization(&match id.strip_prefix("acme") {
        Some(rest) => format!("globex{rest}"),
        None => id.replace("globex", "acme"),
    })
}

/// Finds invitations of an inviter in whatever organization they are.
struct SentAnywhere(MemoryStorage);

#[async_trait]
impl Wrapper for SentAnywhere {
    in_memory!();

    async fn invitations(
        &self,
        id: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        let mut found = self.0.invitations(id, filter, now, seek).await?;
        if filter.inviter.is_some() {
            found.extend(self.0.invitations(&twin(id), filter, now, seek).await?);
            found.sort_by_key(|row| std::cmp::Reverse(row.position()));
        }
        Ok(found)
    }
}

/// Ends deliveries by their ids.
struct EndsEverywhere(MemoryStorage);

#[async_trait]
impl Wrapper for EndsEverywhere {
    in_memory!();

    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError> {
        self.0
            .complete(&Lease { organization: twin(&lease.organization), ..lease.clone() }, completion)
            .await?;
        self.0.complete(lease, completion).await
    }
}

/// Brings those who left another organization.
struct LeftAnything(MemoryStorage);

#[async_trait]
impl Wrapper for LeftAnything {
    in_memory!();

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        let mut found = self.0.circles(circles, limit).await?;
        for (circle, users) in circles.iter().zip(&mut found) {
            if let Circle::Former { organization, since } = circle {
                let others = Circle::Former { organization: twin(organization), since: *since };
                let others = self.0.circles(&[others], limit).await?.concat();
                users.extend(others.into_iter().filter(|user| !users.contains(user)).collect::<Vec<_>>());
            }
        }
        Ok(found)
    }
}
