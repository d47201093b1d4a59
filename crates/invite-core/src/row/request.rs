//! Join requests: somebody asks, somebody with the right decides.

use alloc::string::String;
use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Domain, EmailAddress, Grants, GroupId, InvitationId, Invitee, LinkId, RequestId, Scope, UserId,
};

/// By which way somebody asks to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RequestWay {
    /// By an invite link that needs approval, with the settings of a revision (LIF-13).
    Link {
        /// The link.
        link: LinkId,
        /// The revision of its settings.
        revision: u32,
    },
    /// To a group that is joined by request (E1).
    Group(GroupId),
    /// With an address of a verified domain (F15).
    Domain(Domain),
    /// Somebody who may not invite proposes an invitation (F21).
    Proposal,
}

/// Why a request ended without anybody's decision about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SettledBecause {
    /// Whoever would join holds it already, by another way (LIF-7d).
    JoinedOtherwise,
    /// Whoever would join was removed, or left (LIF-7c).
    InviteeRemoved,
    /// The organization was closed (LIF-8).
    OrganizationClosed,
    /// The one group that was asked for was closed (LIF-10).
    GroupClosed,
    /// What is kept about whoever would join was erased (PRI-6).
    Erased,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
#[non_exhaustive]
pub enum RequestEnding {
    /// Somebody with the right approved it.
    Approved {
        /// Who.
        by: Actor,
        /// The invitation that was made of a proposal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invitation: Option<InvitationId>,
    },
    /// Somebody with the right denied it.
    Denied {
        /// Who.
        by: Actor,
        /// What they say about it, to whoever asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Whoever asked took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// It has no object any more.
    Settled {
        /// Why.
        because: SettledBecause,
    },
}

/// The state of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "the six states of a request are exactly these")]
pub enum RequestState {
    /// Waiting for a decision.
    Pending,
    /// Approved.
    Approved,
    /// Denied.
    Denied,
    /// Taken back.
    Withdrawn,
    /// Its time is over: `expires_at <= now`.
    Expired,
    /// It has no object any more.
    Settled,
}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Approved, Self::Denied, Self::Withdrawn, Self::Expired, Self::Settled];

    /// Its name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Settled => "settled",
        }
    }
}

impl fmt::Display for RequestState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl RequestEnding {
    /// The state that follows.
    #[must_use]
    pub fn state(&self) -> RequestState {
        match self {
            Self::Approved { .. } => RequestState::Approved,
            Self::Denied { .. } => RequestState::Denied,
            Self::Withdrawn => RequestState::Withdrawn,
            Self::Expired => RequestState::Expired,
            Self::Settled { .. } => RequestState::Settled,
        }
    }
}

/// The record of a join request. `Debug` leaves out what was written in it (PRI-4).
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct JoinRequest {
    /// Its id.
    pub id: RequestId,
    /// By which way it was made.
    pub way: RequestWay,
    /// Who would join: the user who asks, or whoever is proposed.
    pub invitee: Invitee,
    /// Who asks, or proposes.
    pub by: UserId,
    /// The address that whoever asks would join with.
    pub email: Option<EmailAddress>,
    /// The invitee's name, as it was given.
    pub name: Option<String>,
    /// What it would grant, and where.
    pub grants: Grants,
    /// What was said to those who decide. It is never mailed.
    pub message: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends by itself: at this time it is over (LIF-5).
    pub expires_at: DateTime<Utc>,
    /// How and when it ended; `None` while it is pending or past its expiry without anybody having noticed.
    pub ended: Option<(RequestEnding, DateTime<Utc>)>,
}

impl JoinRequest {
    /// The state at a moment: one past its expiry is expired, written down or not (LIF-5).
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> RequestState {
        match &self.ended {
            Some((ending, _)) => ending.state(),
            None if self.expires_at <= now => RequestState::Expired,
            None => RequestState::Pending,
        }
    }

    /// The state that is written down, in which one past its expiry is still pending.
    #[must_use]
    pub fn stored_state(&self) -> RequestState {
        self.ended.as_ref().map_or(RequestState::Pending, |(ending, _)| ending.state())
    }

    /// Whether its end was not written down yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// The group, where all that it would grant lies in one. Managers of that group see it and decide.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        let mut scopes = self.grants.scopes().map(Scope::group);
        scopes.next().flatten().filter(|_| scopes.next().is_none())
    }

    /// When it ended, if it did and tells who would have joined still.
    #[must_use]
    pub fn past_since(&self) -> Option<DateTime<Utc>> {
        self.ended.as_ref().filter(|_| !self.invitee.is_erased()).map(|(_, at)| *at)
    }

    /// Whoever would join, by every name that the request tells.
    pub fn invitees(&self) -> impl Iterator<Item = Invitee> + use<> {
        let address = self.email.clone().map(Invitee::Address);
        core::iter::once(self.invitee.clone()).chain(address)
    }
}

impl fmt::Debug for JoinRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinRequest")
            .field("id", &self.id)
            .field("way", &self.way)
            .field("invitee", &self.invitee)
            .field("by", &self.by)
            .field("grants", &self.grants)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .field("state", &self.stored_state())
            .finish_non_exhaustive()
    }
}
