//! Suppressions: what an invitee does not want from an organization any more.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Invitee;

/// What an invitee does not want.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "every adapter stores all of them")]
pub enum SuppressionKind {
    /// To be invited again (F11).
    Invitations,
    /// To get mail; invitations still show in the inbox (IDN-3).
    Mail,
    /// To be made a member without being asked (C3): whoever left. They can be invited.
    Inclusion,
    /// To be invited by any organization (F11). Kept outside of organizations: no commit holds it, and it comes with
    /// the suppressions of its invitee in each of them.
    Everywhere,
}

impl SuppressionKind {
    /// Every kind that is kept in an organization.
    pub const ALL: [Self; 3] = [Self::Invitations, Self::Mail, Self::Inclusion];

    /// Its name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitations => "invitations",
            Self::Mail => "mail",
            Self::Inclusion => "inclusion",
            Self::Everywhere => "everywhere",
        }
    }
}

/// What one invitee does not want from one organization, or from any. The invitee can undo it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Suppression {
    /// Who does not want it.
    pub invitee: Invitee,
    /// What.
    pub kind: SuppressionKind,
    /// Since when.
    pub at: DateTime<Utc>,
}
