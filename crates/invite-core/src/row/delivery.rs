//! Deliveries: mails to be sent. They lie outside the version of the organization.

use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{DeliveryId, InvitationId, OrganizationId};

/// What a mail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeliveryKind {
    /// You are invited.
    Invitation,
    /// You are still invited.
    Reminder,
    /// You were included: by whom, where, and how to leave (C3).
    Included,
}

impl DeliveryKind {
    /// Its name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reminder => "reminder",
            Self::Included => "included",
        }
    }
}

/// Where a mail stands (F8, MAI-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "every adapter stores all of them")]
pub enum DeliveryState {
    /// Waiting to be sent, or to be tried again.
    Queued,
    /// Handed over to the mail system.
    Sent,
    /// Given up.
    Failed,
    /// Handed over, and came back later.
    Bounced,
    /// Not sent, because it was no longer wanted (MAI-7).
    Dropped,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Sent, Self::Failed, Self::Bounced, Self::Dropped];

    /// Its name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Bounced => "bounced",
            Self::Dropped => "dropped",
        }
    }
}

/// One try to send a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "part of a row: every adapter reads and writes all of it")]
pub struct Attempt {
    /// When it began.
    pub at: DateTime<Utc>,
    /// What went wrong, without any address; `None` if nothing did.
    pub error: Option<String>,
}

/// A mail to be sent for an invitation. It holds no token and no address: both are derived from the
/// invitation when it is sent (MAI-9); the address of a user who was included is the host's to say then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Delivery {
    /// The organization.
    pub organization: OrganizationId,
    /// Its id: the identity by which a repeated mail can be detected (MAI-4).
    pub id: DeliveryId,
    /// The invitation it is for.
    pub invitation: InvitationId,
    /// The invitation's revision it is for; an older one is not wanted any more (MAI-7).
    pub revision: u32,
    /// What it says.
    pub kind: DeliveryKind,
    /// Where it stands.
    pub state: DeliveryState,
    /// When to send it, or to try again.
    pub due_at: DateTime<Utc>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// The number of the last lease; 0 before the first.
    pub lease: u32,
    /// Until when the last lease holds; `None` when it ended.
    pub leased_until: Option<DateTime<Utc>>,
    /// When it was handed over; while a try is under way or its end is unknown, when that try began. Earlier
    /// than the invitee can have read it, so a proof by mail never lasts too long (IDN-1).
    pub mailed_at: Option<DateTime<Utc>>,
    /// The tries so far.
    pub attempts: Vec<Attempt>,
}
