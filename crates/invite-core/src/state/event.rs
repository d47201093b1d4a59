//! Facts.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;

use crate::{
    Actor, Domain, Ending, Expiry, Grants, Group, GroupId, GroupSettings, Invitation, InvitationId,
    InviteLink, Invitee, JoinRequest, LinkEnding, LinkId, LinkSettings, Member, Nonce, Plan, RequestEnding,
    RequestId, SeatClass, Settings, SuppressionKind, Switch, UserId, VerifiedDomain,
};

/// A fact about one organization.
///
/// Events live in memory: decisions make them, [`Draft`](crate::Draft) folds them. What is stored of them is
/// an [`EventRecord`](crate::EventRecord).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An organization was created.
    OrganizationCreated {
        /// Its plan.
        plan: Plan,
        /// Its settings.
        settings: Settings,
    },
    /// It was suspended.
    OrganizationSuspended,
    /// It works again.
    OrganizationResumed,
    /// It was closed.
    OrganizationClosed,
    /// The host's billing set another plan.
    PlanChanged {
        /// The plan from now on.
        plan: Plan,
    },
    /// Its managers set other settings.
    SettingsChanged {
        /// The settings from now on.
        settings: Settings,
    },
    /// Other domains are verified, or lead elsewhere (F15).
    VerifiedDomainsChanged {
        /// The domains from now on.
        verified: BTreeMap<Domain, VerifiedDomain>,
    },
    /// Somebody was invited.
    InvitationCreated {
        /// The whole record.
        invitation: Box<Invitation>,
    },
    /// Somebody was made a member at once, and is told so (C3). What they hold now is a fact of its own.
    Included {
        /// The record of it, which was never open.
        invitation: Box<Invitation>,
    },
    /// What a pending invitation grants, its expiry, or where it leads on to was changed.
    InvitationEdited {
        /// Which.
        id: InvitationId,
        /// What it grants from now on.
        grants: Grants,
        /// When it ends from now on.
        expires_at: Expiry,
        /// Where it leads on to from now on.
        continue_to: Option<String>,
    },
    /// An invitation was sent anew; all of its earlier links are dead (LIF-2).
    InvitationResent {
        /// Which.
        id: InvitationId,
        /// Its new random part.
        nonce: Nonce,
        /// When it ends from now on.
        expires_at: Expiry,
    },
    /// An invitee was reminded, with the same link.
    InvitationReminded {
        /// Of which.
        id: InvitationId,
    },
    /// An invitation reserves another seat class, or none.
    SeatReserved {
        /// Which.
        id: InvitationId,
        /// The class from now on.
        seat: Option<SeatClass>,
    },
    /// An invitation has another inviter: whoever granted what it grants now (AUT-4, AUT-5).
    InvitationHandedOver {
        /// Which.
        id: InvitationId,
        /// Its inviter from now on.
        to: Actor,
    },
    /// An invitation ended.
    InvitationEnded {
        /// Which.
        id: InvitationId,
        /// How.
        ending: Ending,
        /// What the invitee said about it.
        reason: Option<String>,
    },
    /// Somebody became a member.
    MemberJoined {
        /// The whole record.
        member: Box<Member>,
    },
    /// What a member holds was changed, and with it the seat.
    MemberAccessChanged {
        /// Who.
        user: UserId,
        /// What they hold from now on.
        grants: Grants,
        /// The seat class from now on.
        seat: Option<SeatClass>,
    },
    /// The time of some of what a member held is over, or of all of it, which ends the membership (F14).
    MemberAccessEnded {
        /// Who.
        user: UserId,
        /// What they hold from now on.
        grants: Grants,
        /// The seat class from now on.
        seat: Option<SeatClass>,
    },
    /// A member was suspended: what they hold stays, and the seat is free.
    MemberSuspended {
        /// Who.
        user: UserId,
    },
    /// A suspended member may do again what they hold.
    MemberRestored {
        /// Who.
        user: UserId,
        /// The seat class from now on.
        seat: Option<SeatClass>,
    },
    /// A member was removed.
    MemberRemoved {
        /// Who.
        user: UserId,
    },
    /// A member left, and is not included again until they want to (C3).
    MemberLeft {
        /// Who.
        user: UserId,
    },
    /// A group was created.
    GroupCreated {
        /// The whole record.
        group: Box<Group>,
    },
    /// Its managers set other settings.
    GroupChanged {
        /// Which.
        id: GroupId,
        /// The settings from now on.
        settings: GroupSettings,
    },
    /// It was archived: nobody comes in.
    GroupArchived {
        /// Which.
        id: GroupId,
    },
    /// It works again.
    GroupRestored {
        /// Which.
        id: GroupId,
    },
    /// It was closed for good.
    GroupClosed {
        /// Which.
        id: GroupId,
    },
    /// Nothing names a closed group any more but join requests that asked for others too.
    GroupSettled {
        /// Which.
        id: GroupId,
    },
    /// An invite link was made.
    LinkCreated {
        /// The whole record.
        link: Box<InviteLink>,
    },
    /// Its settings were changed: a new revision (LIF-13).
    LinkEdited {
        /// Which.
        id: LinkId,
        /// The settings from now on.
        settings: LinkSettings,
    },
    /// It was switched on or off.
    LinkSwitched {
        /// Which.
        id: LinkId,
        /// What it is from now on.
        switch: Switch,
    },
    /// It has a new token; all earlier ones are dead (LNK-4).
    LinkRefreshed {
        /// Which.
        id: LinkId,
        /// Its new random part.
        nonce: Nonce,
    },
    /// Somebody joined by it.
    LinkUsed {
        /// Which.
        id: LinkId,
        /// Who.
        user: UserId,
        /// The revision of the settings in force.
        revision: u32,
    },
    /// Somebody else answers for it: whoever set what it grants now (AUT-4, AUT-5).
    LinkHandedOver {
        /// Which.
        id: LinkId,
        /// Who from now on.
        to: Actor,
    },
    /// It ended for good.
    LinkEnded {
        /// Which.
        id: LinkId,
        /// How.
        ending: LinkEnding,
    },
    /// Somebody asked to join, or proposed somebody.
    RequestMade {
        /// The whole record.
        request: Box<JoinRequest>,
    },
    /// A join request ended.
    RequestEnded {
        /// Which.
        id: RequestId,
        /// How.
        ending: RequestEnding,
    },
    /// An invitation that ended tells nothing about its invitee any more (PRI-6).
    InvitationErased {
        /// Which.
        id: InvitationId,
    },
    /// A join request that ended tells nothing about whoever would have joined any more (PRI-6).
    RequestErased {
        /// Which.
        id: RequestId,
    },
    /// Address and notes of a member were erased, and the log tells no address of this user any more.
    MemberErased {
        /// Who, a member or not.
        user: UserId,
    },
    /// What an invitee did not want was forgotten with the invitee.
    SuppressionErased {
        /// Who.
        invitee: Invitee,
        /// What.
        kind: SuppressionKind,
    },
    /// An invitee does not want something any more.
    Suppressed {
        /// Who.
        invitee: Invitee,
        /// What.
        kind: SuppressionKind,
    },
    /// An invitee took that back.
    Unsuppressed {
        /// Who.
        invitee: Invitee,
        /// What.
        kind: SuppressionKind,
    },
}

/// The row that a fact is about.
pub(super) enum About {
    Organization,
    Invitation(InvitationId),
    Member(UserId),
    Suppression(Invitee, SuppressionKind),
    /// Nothing of it is told.
    Nothing,
    Group(GroupId),
    Link(LinkId),
    Request(RequestId),
}

impl Event {
    /// The kind, as it stands in event records.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::OrganizationCreated { .. } => "organization-created",
            Self::OrganizationSuspended => "organization-suspended",
            Self::OrganizationResumed => "organization-resumed",
            Self::OrganizationClosed => "organization-closed",
            Self::PlanChanged { .. } => "plan-changed",
            Self::SettingsChanged { .. } => "settings-changed",
            Self::VerifiedDomainsChanged { .. } => "verified-domains-changed",
            Self::InvitationCreated { .. } => "invitation-created",
            Self::Included { .. } => "included",
            Self::InvitationEdited { .. } => "invitation-edited",
            Self::InvitationResent { .. } => "invitation-resent",
            Self::InvitationReminded { .. } => "invitation-reminded",
            Self::SeatReserved { .. } => "seat-reserved",
            Self::InvitationHandedOver { .. } => "invitation-handed-over",
            Self::InvitationEnded { ending, .. } => match ending {
                Ending::Accepted { .. } | Ending::Included { .. } => "invitation-accepted",
                Ending::Declined { .. } => "invitation-declined",
                Ending::Revoked { .. } => "invitation-revoked",
                Ending::Expired => "invitation-expired",
            },
            Self::MemberJoined { .. } => "member-joined",
            Self::MemberAccessChanged { .. } => "member-access-changed",
            Self::MemberAccessEnded { .. } => "member-access-ended",
            Self::MemberSuspended { .. } => "member-suspended",
            Self::MemberRestored { .. } => "member-restored",
            Self::MemberRemoved { .. } => "member-removed",
            Self::MemberLeft { .. } => "member-left",
            Self::GroupCreated { .. } => "group-created",
            Self::GroupChanged { .. } => "group-changed",
            Self::GroupArchived { .. } => "group-archived",
            Self::GroupRestored { .. } => "group-restored",
            Self::GroupClosed { .. } => "group-closed",
            Self::GroupSettled { .. } => "group-settled",
            Self::LinkCreated { .. } => "link-created",
            Self::LinkEdited { .. } => "link-edited",
            Self::LinkSwitched { switch, .. } => match switch {
                Switch::On => "link-switched-on",
                Switch::Off => "link-switched-off",
            },
            Self::LinkRefreshed { .. } => "link-refreshed",
            Self::LinkUsed { .. } => "link-used",
            Self::LinkHandedOver { .. } => "link-handed-over",
            Self::LinkEnded { .. } => "link-ended",
            Self::RequestMade { .. } => "request-made",
            Self::RequestEnded { ending, .. } => match ending {
                RequestEnding::Approved { .. } => "request-approved",
                RequestEnding::Denied { .. } => "request-denied",
                RequestEnding::Withdrawn => "request-withdrawn",
                RequestEnding::Expired => "request-expired",
                RequestEnding::Settled { .. } => "request-settled",
            },
            Self::InvitationErased { .. } => "invitation-erased",
            Self::RequestErased { .. } => "request-erased",
            Self::MemberErased { .. } => "member-erased",
            Self::SuppressionErased { .. } => "suppression-erased",
            Self::Suppressed { .. } => "suppressed",
            Self::Unsuppressed { .. } => "unsuppressed",
        }
    }

    /// The row it is about.
    pub(super) fn about(&self) -> About {
        if let Some(id) = self.invitation() {
            return About::Invitation(id);
        }
        if let Some(id) = self.link() {
            return About::Link(id);
        }
        if let Some(id) = self.request() {
            return About::Request(id);
        }
        if let Some(id) = self.group() {
            return About::Group(id.clone());
        }
        match self {
            Self::Suppressed { invitee, kind } | Self::Unsuppressed { invitee, kind } => {
                About::Suppression(invitee.clone(), *kind)
            }
            Self::SuppressionErased { .. } => About::Nothing,
            _ => self.user().cloned().map_or(About::Organization, About::Member),
        }
    }

    /// The invitation it is about.
    #[must_use]
    pub fn invitation(&self) -> Option<InvitationId> {
        match self {
            Self::InvitationCreated { invitation } | Self::Included { invitation } => Some(invitation.id),
            Self::InvitationEdited { id, .. }
            | Self::InvitationResent { id, .. }
            | Self::InvitationReminded { id }
            | Self::SeatReserved { id, .. }
            | Self::InvitationHandedOver { id, .. }
            | Self::InvitationErased { id }
            | Self::InvitationEnded { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The invite link it is about.
    #[must_use]
    pub fn link(&self) -> Option<LinkId> {
        match self {
            Self::LinkCreated { link } => Some(link.id),
            Self::LinkEdited { id, .. }
            | Self::LinkSwitched { id, .. }
            | Self::LinkRefreshed { id, .. }
            | Self::LinkUsed { id, .. }
            | Self::LinkHandedOver { id, .. }
            | Self::LinkEnded { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// The join request it is about.
    #[must_use]
    pub fn request(&self) -> Option<RequestId> {
        match self {
            Self::RequestMade { request } => Some(request.id),
            Self::RequestEnded { id, .. } | Self::RequestErased { id } => Some(*id),
            _ => None,
        }
    }

    /// The group it is about.
    #[must_use]
    pub fn group(&self) -> Option<&GroupId> {
        match self {
            Self::GroupCreated { group } => Some(&group.id),
            Self::GroupChanged { id, .. }
            | Self::GroupArchived { id }
            | Self::GroupRestored { id }
            | Self::GroupClosed { id }
            | Self::GroupSettled { id } => Some(id),
            _ => None,
        }
    }

    /// The user it is about.
    #[must_use]
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::MemberJoined { member } => Some(&member.user),
            Self::MemberAccessChanged { user, .. }
            | Self::MemberAccessEnded { user, .. }
            | Self::MemberSuspended { user }
            | Self::MemberRestored { user, .. }
            | Self::MemberRemoved { user }
            | Self::MemberErased { user }
            | Self::MemberLeft { user } => Some(user),
            Self::LinkUsed { user, .. } => Some(user),
            Self::RequestMade { request } => request.invitee.user(),
            Self::InvitationHandedOver { to, .. } | Self::LinkHandedOver { to, .. } => to.user(),
            Self::InvitationEnded { ending, .. } => ending.user(),
            Self::Included { invitation } => invitation.ended.as_ref().and_then(|(ending, _)| ending.user()),
            Self::Suppressed { invitee, .. }
            | Self::Unsuppressed { invitee, .. }
            | Self::SuppressionErased { invitee, .. } => invitee.user(),
            _ => None,
        }
    }
}
