//! Invitations.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Access, Actor, EmailAddress, Grants, GroupId, InvitationId, Metadata, Nonce, Purpose, RoleName, Scope,
    SeatClass, UserId,
};

/// Who is invited: an address, or a user of the host (IDN-12); or who was, before that was erased (PRI-6).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "every adapter stores all of them")]
pub enum Invitee {
    /// An address, whoever turns out to have it.
    Address(EmailAddress),
    /// A user.
    User(UserId),
    /// Whoever the invitation or join request of this id was for. It ended, and nothing leads from here to the person: two
    /// invitations of one person have nothing in common. Nobody can be invited so.
    Erased(Uuid),
}

impl Invitee {
    /// The address, if one was invited.
    #[must_use]
    pub fn address(&self) -> Option<&EmailAddress> {
        match self {
            Self::Address(address) => Some(address),
            Self::User(_) | Self::Erased(_) => None,
        }
    }

    /// The user, if one was invited.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User(user) => Some(user),
            Self::Address(_) | Self::Erased(_) => None,
        }
    }

    /// Whether it is not known any more.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        matches!(self, Self::Erased(_))
    }

    /// The invitee as one text, equal for equal invitees: `address:` with the canonical address, or `user:`
    /// with the id. For keys of rows. `erased:` with the id of the row is in none of them.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Address(address) => alloc::format!("address:{}", address.canonical()),
            Self::User(user) => alloc::format!("user:{user}"),
            Self::Erased(id) => alloc::format!("erased:{id}"),
        }
    }
}

impl fmt::Debug for Invitee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "Invitee({})", address.masked()),
            Self::User(user) => write!(f, "Invitee({user})"),
            Self::Erased(_) => f.write_str("Invitee(erased)"),
        }
    }
}

/// The masked address, or the user's id (PRI-4), or that it was erased.
impl fmt::Display for Invitee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{}", address.masked()),
            Self::User(user) => write!(f, "user {user}"),
            Self::Erased(_) => f.write_str("erased"),
        }
    }
}

impl From<EmailAddress> for Invitee {
    fn from(address: EmailAddress) -> Self {
        Self::Address(address)
    }
}

impl From<UserId> for Invitee {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

/// What becomes of the one who offers ownership, once it is accepted (F16).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "stays or steps down; every adapter stores both")]
pub enum FormerOwner {
    /// They stay an owner beside the new one.
    Stays,
    /// They step down to this access in the organization.
    Becomes(Access),
}

impl FormerOwner {
    /// The role that they have in the organization afterwards.
    #[must_use]
    pub fn role(&self) -> &RoleName {
        match self {
            Self::Stays => const { &RoleName::OWNER },
            Self::Becomes(access) => access.role_name(),
        }
    }
}

/// What an invitation is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "every adapter stores both")]
pub enum InvitationKind {
    /// To become a member, or to get access to further groups.
    Membership,
    /// To become an owner (F16).
    Ownership {
        /// What becomes of the one who offers it.
        former: FormerOwner,
    },
}

/// The stored state of an invitation (LIF-1). Expired follows from the time: see [`Invitation::state_at`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "the five states of an invitation are exactly these (LIF-1)")]
pub enum InvitationState {
    /// Waiting for the invitee.
    Pending,
    /// Accepted; or access was given at once, see [`Ending::Included`].
    Accepted,
    /// Declined by the invitee.
    Declined,
    /// Taken back.
    Revoked,
    /// Its time is over: `expires_at <= now`.
    Expired,
}

impl InvitationState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Accepted, Self::Declined, Self::Revoked, Self::Expired];

    /// Its name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for InvitationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When an invitation ends by itself. "Never" is a choice of its own, never a missing value (LIF-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "a time or never; every adapter stores both")]
pub enum Expiry {
    /// At this time, which no longer belongs to its life: periods are half-open (LIF-5).
    At(DateTime<Utc>),
    /// It does not.
    Never,
}

impl Expiry {
    /// Whether the time is over at `now`; at the very moment of expiry it is (LIF-5).
    #[must_use]
    pub fn is_over(self, now: DateTime<Utc>) -> bool {
        match self {
            Self::At(end) => end <= now,
            Self::Never => false,
        }
    }

    /// No later than all that is granted has ended: what leads nowhere holds no seat and no place (F14).
    #[must_use]
    pub(crate) fn within(self, grants: &Grants) -> Self {
        grants.over_at().map_or(self, |end| self.min(Self::At(end)))
    }

    /// The time, if there is one.
    #[must_use]
    pub fn time(self) -> Option<DateTime<Utc>> {
        match self {
            Self::At(end) => Some(end),
            Self::Never => None,
        }
    }
}

/// Why an invitation ended otherwise than by its invitee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RevokedBecause {
    /// Somebody revoked it.
    Asked,
    /// Another invitation took its place.
    Replaced,
    /// The invitee became a member by another way (LIF-7d).
    JoinedOtherwise,
    /// The invitee was removed (LIF-7c), or left.
    InviteeRemoved,
    /// The invitee is a member who was suspended.
    InviteeSuspended,
    /// Its inviter was removed, suspended or left, or may not grant it any more, and it was settled with them (AUT-5).
    InviterRemoved,
    /// The invitee blocked the organization.
    InviteeBlocked,
    /// The organization was closed (LIF-8).
    OrganizationClosed,
    /// All groups that it grants access to were closed.
    GroupClosed,
    /// What is kept about the invitee was erased (PRI-6).
    Erased,
}

/// How and when an invitation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
#[non_exhaustive]
pub enum Ending {
    /// Accepted, by this user.
    Accepted {
        /// Who accepted it, which need not be told by the address.
        user: UserId,
    },
    /// Never open: this user was made a member at once, and told so (C3).
    Included {
        /// Who was included.
        user: UserId,
    },
    /// Declined, by this user.
    Declined {
        /// Who declined it.
        user: UserId,
    },
    /// Taken back.
    Revoked {
        /// Why.
        because: RevokedBecause,
    },
    /// Its time was over, and something had to be written down.
    Expired,
}

impl Ending {
    /// The user who answered it, or was included.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Accepted { user } | Self::Included { user } | Self::Declined { user } => Some(user),
            Self::Revoked { .. } | Self::Expired => None,
        }
    }

    /// The state that follows.
    #[must_use]
    pub fn state(&self) -> InvitationState {
        match self {
            Self::Accepted { .. } | Self::Included { .. } => InvitationState::Accepted,
            Self::Declined { .. } => InvitationState::Declined,
            Self::Revoked { .. } => InvitationState::Revoked,
            Self::Expired => InvitationState::Expired,
        }
    }
}

/// The record of an invitation.
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// What it is for.
    pub kind: InvitationKind,
    /// Who is invited.
    pub invitee: Invitee,
    /// The invitee's name as the inviter wrote it.
    pub name: Option<String>,
    /// What it grants, and where.
    pub grants: Grants,
    /// Who invited.
    pub inviter: Actor,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it begins: before, it is mailed to nobody and nobody accepts it (F14). `None` begins when it is made.
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Expiry,
    /// How it ended and when; `None` while it is pending or past its expiry without anybody having noticed.
    pub ended: Option<(Ending, DateTime<Utc>)>,
    /// The random part of its tokens (TOK-1).
    pub nonce: Nonce,
    /// Earlier nonces, the latest first, at most [`EARLIER_NONCES`](crate::EARLIER_NONCES): so that an old
    /// link is told that a newer mail was sent.
    pub earlier_nonces: Vec<Nonce>,
    /// How often it was resent. A delivery of an older number is not wanted any more (MAI-7).
    pub revision: u32,
    /// Where its mails go; `None` when the host delivers the link by its own means (F18). The only address
    /// that mail for it is ever sent to (IDN-6), but for the notice to a user who was included: that goes to the
    /// address that the host's directory has of them then.
    pub mail_to: Option<EmailAddress>,
    /// The seat class it reserves; `None` reserves none.
    pub seat: Option<SeatClass>,
    /// A personal message of the inviter.
    pub message: Option<String>,
    /// The language of its mails, as a BCP 47 tag.
    pub locale: Option<String>,
    /// Notes of the host.
    pub metadata: Metadata,
    /// Where the invitee goes on after accepting, as it was asked: whether it is still allowed is seen then (F20).
    pub continue_to: Option<String>,
}

impl Invitation {
    /// The state at a moment: an invitation past its expiry is expired, written down or not (LIF-1, LIF-5).
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> InvitationState {
        match &self.ended {
            Some((ending, _)) => ending.state(),
            None if self.expires_at.is_over(now) => InvitationState::Expired,
            None => InvitationState::Pending,
        }
    }

    /// When it begins, if that is ahead of a moment (F14).
    #[must_use]
    pub fn begins_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.starts_at.filter(|start| now < *start)
    }

    /// What managers of a group see of an invitation to it: who invites whom, how it stands, and what it grants in the
    /// group; nothing that it grants elsewhere, no message, and no notes of the host (E4).
    #[must_use]
    pub fn within(self, group: &GroupId) -> Self {
        let grants = self.grants.only(&Scope::Group(group.clone()));
        Self { grants, message: None, metadata: Metadata::new(), ..self }
    }

    /// The role that whoever offers the ownership has afterwards (F16). The host, where it offers it, has none.
    #[must_use]
    pub fn former_role(&self) -> Option<&RoleName> {
        match &self.kind {
            InvitationKind::Ownership { former } => self.inviter.user().map(|_| former.role()),
            InvitationKind::Membership => None,
        }
    }

    /// Until when it can be accepted, once it has begun: to its expiry, or to the end of the last access that it grants, if
    /// that is earlier (F14).
    #[must_use]
    pub fn waits_until(&self) -> Expiry {
        self.expires_at.within(&self.grants)
    }

    /// Whether it waits for an answer at a moment, as an inbox shows it: it did not end, has begun, and not all that it
    /// grants is over (F14).
    #[must_use]
    pub fn waits_at(&self, now: DateTime<Utc>) -> bool {
        self.is_open() && self.begins_after(now).is_none() && !self.waits_until().is_over(now)
    }

    /// The state that is written down, in which an invitation past its expiry is still pending.
    #[must_use]
    pub fn stored_state(&self) -> InvitationState {
        self.ended.as_ref().map_or(InvitationState::Pending, |(ending, _)| ending.state())
    }

    /// Whether it still holds its places.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// When it ended, if it did and tells who was invited still.
    #[must_use]
    pub fn past_since(&self) -> Option<DateTime<Utc>> {
        self.ended.as_ref().filter(|_| !self.invitee.is_erased()).map(|(_, at)| *at)
    }

    /// The purpose of the tokens that are mailed for it.
    #[must_use]
    pub fn mailed_purpose(&self) -> Purpose {
        match self.kind {
            InvitationKind::Membership => Purpose::Mailed,
            InvitationKind::Ownership { .. } => Purpose::Ownership,
        }
    }
}

impl fmt::Debug for Invitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invitation")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("invitee", &self.invitee)
            .field("grants", &self.grants)
            .field("inviter", &self.inviter)
            .field("created_at", &self.created_at)
            .field("starts_at", &self.starts_at)
            .field("expires_at", &self.expires_at)
            .field("ended", &self.ended)
            .field("revision", &self.revision)
            .field("seat", &self.seat)
            .finish_non_exhaustive()
    }
}
