//! The outbox: deliveries after their commit. They lie outside the version of the organization.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Attempt, Delivery, DeliveryId, DeliveryState, Invitation, Organization, OrganizationId, Suppression,
};

use crate::StorageError;

/// The right to send one delivery, until it ends or another one takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "every adapter reads all of it")]
pub struct Lease {
    /// The organization.
    pub organization: OrganizationId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// The number of the lease: higher each time the delivery is leased.
    pub number: u32,
}

/// A delivery that was leased, with all that is needed to send it.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "every adapter makes all of it")]
pub struct Leased {
    /// The delivery, as it is under the lease.
    pub delivery: Delivery,
    /// Its organization, as it is now.
    pub organization: Organization,
    /// Its invitation, as it is now.
    pub invitation: Invitation,
    /// What the invitee does not want.
    pub suppressions: Vec<Suppression>,
}

impl Leased {
    /// The lease.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease {
            organization: self.delivery.organization.clone(),
            delivery: self.delivery.id,
            number: self.delivery.lease,
        }
    }
}

/// What was leased at once.
#[derive(Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "every adapter makes all of it")]
pub struct Leases {
    /// What can be sent, the longest due first.
    pub leased: Vec<Leased>,
    /// Why others cannot be read, one for each of them; the error [is corrupt](StorageError::is_corrupt), and its
    /// cause names the delivery. They are leased too, so that they are in nobody's way, and are tried again when
    /// the lease is over: once the row is repaired, its mail goes out.
    pub unreadable: Vec<StorageError>,
}

/// How a delivery ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "every adapter writes all of it")]
pub struct Completion {
    /// [`Sent`](DeliveryState::Sent), or [`Dropped`](DeliveryState::Dropped) if it was not wanted any more.
    pub state: DeliveryState,
    /// The try to be added, if there was one.
    pub attempt: Option<Attempt>,
    /// When it was handed over; `None` if it was not.
    pub mailed_at: Option<DateTime<Utc>>,
}

/// How a try to send went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "every adapter writes all of it")]
pub struct Failure {
    /// The try to be added, if there was one.
    pub attempt: Option<Attempt>,
    /// When to try again; `None` gives up, and the delivery has [failed](DeliveryState::Failed).
    pub retry_at: Option<DateTime<Utc>>,
}

/// The outbox of a store.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Leases queued deliveries with `due_at <= now` that no lease holds at `now`, the longest due first, until
    /// `until`. Each gets the next lease number, and `mailed_at` of `now` unless it has one: if the end of the
    /// try is never recorded, the mail may have been sent then.
    ///
    /// Leases each at most once. With `until <= now` a lease is over at once: the next call can take it, under the
    /// next number.
    ///
    /// # Errors
    /// [`StorageError`]; a row that cannot be read is none, but [unreadable](Leases::unreadable).
    async fn lease(
        &self,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
        limit: u32,
    ) -> Result<Leases, StorageError>;

    /// Records that a delivery ended well: state, try and `mailed_at` as given, no lease. Says whether the
    /// lease was the last one and still open; if not, nothing was changed.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn complete(&self, lease: &Lease, completion: &Completion) -> Result<bool, StorageError>;

    /// Records that a try failed: queued again for `retry_at`, or failed for good; no lease, and no
    /// `mailed_at`. Says whether the lease was the last one and still open; if not, nothing was changed.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn fail(&self, lease: &Lease, failure: &Failure) -> Result<bool, StorageError>;

    /// When the next queued delivery can be leased: its `due_at`, or the end of the lease that holds it, of the
    /// earliest one; `None` if none is queued.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn due(&self) -> Result<Option<DateTime<Utc>>, StorageError>;
}
