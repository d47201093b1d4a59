//! Invite one person or many.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use super::include::{Include, may_include};
use super::invitees::{InviteeEntry, Invitees, Named, Nobody};
use super::resend::{ResendRefused, renew};
use super::revoke::require_over_row;
use super::{SeatUse, seat_use};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, AlreadyMember, Blocked, DomainNotAllowed, ForbiddenCharacter, InclusionOff, InvalidEnd,
    MemberSuspended, NotGrantable, NotPermitted, NothingAsked, PartlyRefused, Refusal, TooLarge, refused,
    refused_for_authority, refused_for_grants, refused_for_groups, refused_for_seats, refused_like,
    refused_when_closed,
};
use crate::rules::{
    authority, begin, expiry, organization, pending_at_places, require_active, require_continue_to,
    require_domain, require_few_open, require_groups, require_known, require_open, require_pending,
    require_rate,
};
use crate::seats::{end_due, lower, require_seat, reserve};
use crate::{
    Actor, DeliveryKind, Draft, Event, Expiry, Grants, Host, Inclusion, Invitation, InvitationId,
    InvitationKind, Invitee, Member, Metadata, Nonce, Operation, Permission, Reads, RevokedBecause, Scope,
    Stop,
};

/// What to do about somebody who has an open invitation for one of the scopes already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnPending {
    /// Say so.
    #[default]
    Refuse,
    /// Send the open invitation again, as it is: new link, new expiry. It begins when it was to begin: where another
    /// [start](Invite::starts_at) is asked for, this refuses.
    Resend,
    /// Revoke the open invitation and make a new one.
    Replace,
}

/// What to do if not all of a list can be invited (SEA-6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Mode {
    /// Each is decided for itself, in the order of the list: those that can be invited are.
    #[default]
    Each,
    /// All of the list, or nobody. Repetitions in the list do not matter.
    AllOrNothing,
}

/// How an invitation reaches its invitee.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deliver {
    /// By mail, if an address is invited; a user finds it in the inbox.
    #[default]
    Mail,
    /// By the host's own means (F18).
    None,
}

/// Invites one person or many.
///
/// Users named by their id are included where the organization has that switched on and the inviter does not ask for
/// an invitation: they are members at once, with whatever else is checked when somebody joins, and are told so by
/// mail (C3). Open invitations for what they then hold are settled, whatever [`OnPending`] says. Who left is not
/// included but invited, and the outcome is the same for both, as for everybody else who is invited: the list of
/// members tells who is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invite {
    invitees: Invitees,
    grants: Grants,
    mode: Mode,
    on_pending: OnPending,
    pub(super) deliver: Deliver,
    include: Include,
    starts_at: Option<DateTime<Utc>>,
    expires_at: Option<Expiry>,
    message: Option<String>,
    locale: Option<String>,
    metadata: Metadata,
    continue_to: Option<String>,
}

impl Invite {
    /// These people, with these grants for all that have none of their own.
    pub fn new(invitees: impl Into<Invitees>, grants: impl Into<Grants>) -> Self {
        Self {
            invitees: invitees.into(),
            grants: grants.into(),
            mode: Mode::default(),
            on_pending: OnPending::default(),
            deliver: Deliver::default(),
            include: Include::default(),
            starts_at: None,
            expires_at: None,
            message: None,
            locale: None,
            metadata: Metadata::new(),
            continue_to: None,
        }
    }

    /// What to do if not all can be invited.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// What to do about those who are invited already.
    #[must_use]
    pub fn on_pending(mut self, on_pending: OnPending) -> Self {
        self.on_pending = on_pending;
        self
    }

    /// How the invitations reach their invitees.
    #[must_use]
    pub fn deliver(mut self, deliver: Deliver) -> Self {
        self.deliver = deliver;
        self
    }

    /// Whether users become members at once, instead of being asked.
    #[must_use]
    pub fn include(mut self, include: Include) -> Self {
        self.include = include;
        self
    }

    /// When the invitations begin (F14): they are mailed then, and nobody accepts them before. Their time to live
    /// begins then too; nobody is included. Seats and places are reserved at once, so that the invitation is good when it begins.
    #[must_use]
    pub fn starts_at(mut self, start: DateTime<Utc>) -> Self {
        self.starts_at = Some(start.trunc_subsecs(6));
        self
    }

    /// When the invitations end, instead of the organization's or the model's default.
    #[must_use]
    pub fn expires_at(mut self, expiry: Expiry) -> Self {
        self.expires_at = Some(expiry);
        self
    }

    /// A personal message, for those who hold [`Permission::MESSAGE`] (ABU-5).
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// The language of the mails, as a BCP 47 tag.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// A note of the host on every invitation (F19).
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Where the invitees go on after accepting: a page that the host allows (F20). See
    /// [`ContinueUrls`](crate::ContinueUrls).
    #[must_use]
    pub fn continue_to(mut self, url: impl Into<String>) -> Self {
        self.continue_to = Some(url.into());
        self
    }
}

/// What came of inviting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invited {
    /// One for each entry of the list, in its order.
    pub results: Vec<InviteResult>,
    /// The organization's seats afterwards.
    pub seats: Vec<SeatUse>,
}

impl Invited {
    /// How many invitations went out: made, replaced or sent again.
    #[must_use]
    pub fn len(&self) -> usize {
        self.invitations().count()
    }

    /// Whether none went out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The invitations that went out.
    pub fn invitations(&self) -> impl Iterator<Item = InvitationId> {
        self.results.iter().filter_map(|result| match &result.outcome {
            InviteOutcome::Invited { invitation }
            | InviteOutcome::Resent { invitation }
            | InviteOutcome::Replaced { invitation, .. } => Some(*invitation),
            _ => None,
        })
    }

    /// The entries that were refused, and why.
    pub fn refused(&self) -> impl Iterator<Item = (&InviteResult, &InviteRefused)> {
        self.results.iter().filter_map(|result| match &result.outcome {
            InviteOutcome::Refused { reason } => Some((result, reason)),
            _ => None,
        })
    }
}

/// What came of one entry. `Debug` leaves out what was typed (PRI-4).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InviteResult {
    /// Its place in the list, from 0.
    pub position: usize,
    /// What was typed.
    pub input: String,
    /// What came of it.
    pub outcome: InviteOutcome,
}

impl core::fmt::Debug for InviteResult {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("InviteResult")
            .field("position", &self.position)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// What can come of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
#[non_exhaustive]
pub enum InviteOutcome {
    /// An invitation was made; or the user was included, which is told in the list of members alone.
    Invited {
        /// Its id.
        invitation: InvitationId,
    },
    /// The open invitation was sent again.
    Resent {
        /// Its id.
        invitation: InvitationId,
    },
    /// Open invitations were revoked, and a new one was made.
    Replaced {
        /// The new one.
        invitation: InvitationId,
        /// The revoked ones.
        replaced: Vec<InvitationId>,
    },
    /// The person stands in the list already.
    Duplicate {
        /// The position at which they stand first.
        of: usize,
    },
    /// A rule said no.
    Refused {
        /// Why.
        reason: InviteRefused,
    },
}

refused! {
    /// Why somebody was not invited, or nobody.
    InviteRefused:
            NothingAsked, TooLarge, ForbiddenCharacter, PartlyRefused, OrganizationSuspended, OrganizationClosed, NotPermitted,
        NotGrantable, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable,
        NotEntitled, InvalidEnd, InvalidStart, InvalidExpiry, InvalidAddress, UnknownName, AmbiguousName, InclusionOff,
        DomainNotAllowed, AddressNeeded, Blocked, MemberSuspended, AlreadyMember, AddressOfAnotherMember,
        AlreadyInvited, TooManyInvitations, TooManyPending, NoSeatLeft, SeatClassNotInPlan, UnknownInvitation,
        NotPending, NotOwner, TooManyOpen, UnknownGroup, GroupArchived, GroupClosed, ContinueUrlNotAllowed,
        InvitationErased
}
refused_when_closed!(InviteRefused);
refused_for_grants!(InviteRefused);
refused_for_groups!(InviteRefused);
refused_for_authority!(InviteRefused);
refused_for_seats!(InviteRefused);

refused_like! {
    InviteRefused from ResendRefused:
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotPermitted, UnknownGroup,
        GroupArchived, GroupClosed, NotGrantable, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind,
        NeverGrantable, NotEntitled, TooLarge, DomainNotAllowed, Blocked, MemberSuspended, AlreadyMember, AlreadyInvited,
        InvalidExpiry, TooManyInvitations, TooManyPending, NoSeatLeft, SeatClassNotInPlan, NotOwner, TooManyOpen,
        InvitationErased, InvalidEnd,
}

impl Sealed for Invite {}

impl Operation for Invite {
    type Outcome = Invited;
    type Refusal = InviteRefused;
    const NAME: &'static str = "invite";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor).limits_of(actor).due();
        reads.invitees = self.invitees.named().cloned().collect();
        reads.people = self.invitees.entries.iter().filter_map(InviteeEntry::user).cloned().collect();
        let own = self.invitees.entries.iter().filter_map(|entry| entry.grants.as_ref());
        own.chain([&self.grants]).fold(reads, Reads::groups_in)
    }

    fn makes(&self) -> usize {
        // A new invitation takes an id, a nonce and a delivery; one that is resent takes no id, but each scope
        // may have its own to resend.
        let for_one = |entry: &InviteeEntry| match self.on_pending {
            OnPending::Resend => 3.max(2 * entry.grants.as_ref().unwrap_or(&self.grants).len()),
            OnPending::Refuse | OnPending::Replace => 3,
        };
        self.invitees.entries.iter().map(for_one).sum()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let common = self.common(host, actor, draft)?;
        end_due(host.model, draft)?;
        let mut results = Vec::with_capacity(self.invitees.len());
        for (position, entry) in self.invitees.entries.iter().enumerate() {
            draft.about(Some(position));
            let outcome = match self.decide_one(host, actor, draft, &common, entry) {
                Ok(outcome) => outcome,
                Err(Stop::Refused(reason)) if self.invitees.len() == 1 => return Err(Stop::Refused(reason)),
                Err(Stop::Refused(reason)) => InviteOutcome::Refused { reason },
                Err(stop) => return Err(stop),
            };
            results.push(InviteResult { position, input: entry.input.clone(), outcome });
        }
        draft.about(None);
        let seats = seat_use(host.model, organization(draft)?);
        let invited = Invited { results, seats };
        if self.mode == Mode::AllOrNothing {
            let refused = invited.refused().map(|(result, reason)| (result.position, reason));
            let all = PartlyRefused::unless_empty(refused).map_err(InviteRefused::from);
            draft.rule("SEA-6", all)?;
        }
        Ok(invited)
    }
}

/// What is the same for all of a list, decided once.
pub(super) struct Common {
    /// The id of the invitation, where another command makes it and drew that before.
    id: Option<InvitationId>,
    expires_at: Expiry,
    includes: bool,
}

impl Invite {
    /// Invites along with another command, which drew the id of the one invitation.
    pub(super) fn decide_as(
        &self,
        id: InvitationId,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<(), Stop<InviteRefused>> {
        let common = Common { id: Some(id), ..self.common(host, actor, draft)? };
        let mut entries = self.invitees.entries.iter();
        entries.try_for_each(|entry| self.decide_one(host, actor, draft, &common, entry).map(drop))
    }

    /// Checks what concerns the command as a whole.
    fn common(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Common, Stop<InviteRefused>> {
        let caps = &host.model.caps;
        if let Some(too_large) = &self.invitees.too_large {
            return Err(Stop::Refused(too_large.clone().into()));
        }
        if self.invitees.is_empty() {
            return Err(Stop::Refused(NothingAsked {}.into()));
        }
        let message = self.message.as_ref().map_or(0, String::len);
        let sizes = |(key, value): (&String, &String)| key.len() + value.len();
        let notes = self.metadata.iter().map(sizes).sum::<usize>();
        let for_one = |entry: &InviteeEntry| entry.metadata.iter().map(sizes).sum::<usize>();
        let most_notes = notes + self.invitees.entries.iter().map(for_one).max().unwrap_or_default();
        let caps = [
            ("invitees", self.invitees.len(), caps.items),
            ("bytes of message", message, caps.message_bytes),
            ("bytes of metadata", most_notes, caps.metadata_bytes),
            ("bytes of language", self.locale.as_ref().map_or(0, String::len), caps.name_bytes),
        ];
        for (what, size, cap) in caps {
            draft.require("ABU-3", size <= cap, || InviteRefused::from(TooLarge::new(what, cap)))?;
        }
        let texts = [("message", self.message.as_ref()), ("language", self.locale.as_ref())];
        draft.rule("MAI-2", ForbiddenCharacter::in_none_of(texts).map_err(InviteRefused::from))?;
        require_continue_to::<InviteRefused>(host, draft, self.continue_to.as_ref())?;
        if self.message.is_some() {
            let permitted =
                authority(host, draft, actor)?.require(&Permission::MESSAGE, &Scope::Organization);
            draft.rule("ABU-5", permitted.map_err(InviteRefused::from))?;
        }
        if self.invitees.entries.iter().any(|entry| entry.grants.is_none()) {
            check_granting(host, actor, draft, &self.grants)?;
        }
        let start = begin(draft.now(), self.starts_at).map_err(InviteRefused::from);
        let start = draft.rule("F14", start)?;
        let organization = organization(draft)?;
        let expires_at = expiry(host.model, organization, start, self.expires_at);
        let expires_at = draft.rule("LIF-4", expires_at.map_err(InviteRefused::from))?;
        let set = self::organization::<InviteRefused>(draft)?.settings.inclusion;
        let includes = match (self.include, set) {
            (Include::Yes, Inclusion::Off) => Err(InviteRefused::from(InclusionOff {})),
            (Include::Yes, _) | (Include::AsSet, Inclusion::Always) => Ok(true),
            (Include::AsSet | Include::No, _) => Ok(false),
        };
        let includes = draft.rule("C3", includes)?;
        Ok(Common { id: None, expires_at, includes: includes && self.starts_at.is_none() })
    }

    /// Decides about one entry; if it is refused, nothing of it stays in the draft.
    fn decide_one(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        common: &Common,
        entry: &InviteeEntry,
    ) -> Result<InviteOutcome, Stop<InviteRefused>> {
        let invitee = match &entry.who {
            Named::Invitee(invitee) => draft.rule("IDN-7", Ok::<_, InviteRefused>(invitee))?,
            Named::Duplicate(of) => return Ok(InviteOutcome::Duplicate { of: *of }),
            Named::Nobody(Nobody::Address(why)) => {
                draft.rule("IDN-7", Err(InviteRefused::from(why.clone())))?
            }
            Named::Nobody(Nobody::UnknownName(why)) => {
                draft.rule("PAR-2", Err(InviteRefused::from(why.clone())))?
            }
            Named::Nobody(Nobody::AmbiguousName(why)) => {
                draft.rule("PAR-2", Err(InviteRefused::from(why.clone())))?
            }
        };
        let mark = draft.mark();
        let decided = self.invite_one(host, actor, draft, common, entry, invitee);
        if decided.is_err() {
            draft.roll_back(mark);
        }
        decided
    }

    fn invite_one(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        common: &Common,
        entry: &InviteeEntry,
        invitee: &Invitee,
    ) -> Result<InviteOutcome, Stop<InviteRefused>> {
        let cap = host.model.caps.name_bytes;
        for (what, text) in [("bytes of name", &entry.name), ("bytes of language", &entry.locale)] {
            let fits = text.as_ref().is_none_or(|text| text.len() <= cap);
            draft.require("ABU-3", fits, || InviteRefused::from(TooLarge::new(what, cap)))?;
        }
        let texts = [("name", entry.name.as_ref()), ("language", entry.locale.as_ref())];
        draft.rule("MAI-2", ForbiddenCharacter::in_none_of(texts).map_err(InviteRefused::from))?;
        let grants = match &entry.grants {
            Some(own) => {
                check_granting(host, actor, draft, own)?;
                own
            }
            None => &self.grants,
        };
        let over = grants.over_at().zip(self.starts_at).is_some_and(|(end, start)| end <= start);
        draft.require("F14", !over, || InviteRefused::from(InvalidEnd {}))?;
        require_welcome(draft, invitee, grants)?;
        if common.includes
            && let Some(user) = entry.includable(host.model.reveal_accounts)
            && may_include(draft, user, invitee)?
        {
            let invitation = self.make_member(host, actor, draft, common, entry, (invitee, user), grants)?;
            return Ok(InviteOutcome::Invited { invitation });
        }

        let open = pending_at_places(host.model, draft, invitee, grants)?;
        let pending = open.first().map(|row| (row.id, row.expires_at));
        let replaced = open.iter().map(|row| row.id).collect::<Vec<_>>();
        if let Some((invitation, expires_at)) = pending {
            let answer = match self.on_pending {
                OnPending::Resend if self.starts_at.is_none() => Ok(()),
                OnPending::Replace => Ok(()),
                _ => Err(InviteRefused::from(AlreadyInvited { invitation, expires_at })),
            };
            draft.rule("CON-3", answer)?;
            if self.on_pending == OnPending::Resend {
                for id in &replaced {
                    renew(host, actor, draft, *id, self.expires_at).map_err(|stop| stop.map(Into::into))?;
                }
                return Ok(InviteOutcome::Resent { invitation });
            }
            for id in &replaced {
                require_over_one(host, actor, draft, *id)?;
                draft.revoke(*id, RevokedBecause::Replaced);
            }
            lower(host.model, draft, invitee)?;
        }
        require_rate(draft, actor)?;
        let invitation = self.create(host, actor, draft, common, entry, invitee, grants)?;
        Ok(if replaced.is_empty() {
            InviteOutcome::Invited { invitation }
        } else {
            InviteOutcome::Replaced { invitation, replaced }
        })
    }

    #[allow(clippy::too_many_arguments, reason = "what a row is made of")]
    fn create(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        common: &Common,
        entry: &InviteeEntry,
        invitee: &Invitee,
        grants: &Grants,
    ) -> Result<InvitationId, Stop<InviteRefused>> {
        let seat = reserve(host.model, draft, invitee, grants)?;
        let row = self.row(actor, draft, common, entry, invitee, grants)?;
        let id = row.id;
        let invitation = Box::new(Invitation { seat: seat.clone(), ..row });
        draft.emit(Event::InvitationCreated { invitation });
        require_few_open(draft, invitee)?;
        require_pending(draft)?;
        require_seat(draft, seat.as_ref())?;
        draft.queue(DeliveryKind::Invitation, id)?;
        Ok(id)
    }

    /// A record of somebody invited, which reserves no seat yet.
    pub(super) fn row(
        &self,
        actor: &Actor,
        draft: &mut Draft,
        common: &Common,
        entry: &InviteeEntry,
        invitee: &Invitee,
        grants: &Grants,
    ) -> Result<Invitation, Stop<InviteRefused>> {
        let now = draft.now();
        let id = match common.id {
            Some(id) => id,
            None => InvitationId::from_parts(now, draft.fresh()?),
        };
        let mail_to = match self.deliver {
            Deliver::Mail => invitee.address().cloned(),
            Deliver::None => None,
        };
        let mut metadata = self.metadata.clone();
        metadata.extend(entry.metadata.clone());
        Ok(Invitation {
            id,
            kind: InvitationKind::Membership,
            invitee: invitee.clone(),
            name: entry.name.clone(),
            grants: grants.clone(),
            inviter: actor.clone(),
            created_at: now,
            starts_at: self.starts_at,
            expires_at: common.expires_at.within(grants),
            ended: None,
            nonce: Nonce::from_bytes(draft.entropy().take()?),
            earlier_nonces: Vec::new(),
            revision: 0,
            mail_to,
            seat: None,
            message: self.message.clone(),
            locale: entry.locale.clone().or_else(|| self.locale.clone()),
            metadata,
            continue_to: self.continue_to.clone(),
        })
    }
}

/// Checks that the actor may invite with these grants.
pub(super) fn check_granting<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    grants: &Grants,
) -> Result<(), Stop<R>>
where
    R: Refusal
        + From<crate::authority::Ungrantable>
        + From<crate::rules::NoGroup>
        + From<NotPermitted>
        + From<NotGrantable>,
{
    check_grantable(host, actor, draft, &Permission::INVITE, grants)
}

/// Checks that the actor may give these grants by a permission: that they exist (AUT-3), that the actor holds the
/// permission in every scope (AUT-1), and that the actor may grant all of it (AUT-2).
pub(super) fn check_grantable<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    with: &Permission,
    grants: &Grants,
) -> Result<(), Stop<R>>
where
    R: Refusal
        + From<crate::authority::Ungrantable>
        + From<crate::rules::NoGroup>
        + From<NotPermitted>
        + From<NotGrantable>,
{
    require_known::<R>(host, draft, grants)?;
    require_groups::<R>(draft, grants)?;
    let by = authority::<R>(host, draft, actor)?;
    let permitted = grants.scopes().try_for_each(|scope| by.require(with, scope)).map_err(R::from);
    let grantable = by.require_grantable(grants).map_err(R::from);
    draft.rule("AUT-1", permitted)?;
    draft.rule("AUT-2", grantable)?;
    Ok(())
}

/// Checks that somebody may be invited at all: the domain (IDN-8), that they did not block it (F11), and that
/// they are neither suspended (AUT-7) nor a member already who holds something in every one of the scopes.
pub(super) fn require_welcome<R>(draft: &mut Draft, invitee: &Invitee, grants: &Grants) -> Result<(), Stop<R>>
where
    R: Refusal + From<DomainNotAllowed> + From<Blocked> + From<MemberSuspended> + From<AlreadyMember>,
{
    let domain =
        require_domain(&organization::<R>(draft)?.settings.domains, invitee.address()).map_err(R::from);
    draft.rule("IDN-8", domain)?;
    let blocked = draft.is_blocked(invitee)?;
    draft.require("F11", !blocked, || R::from(Blocked {}))?;
    let member = draft.member_of(invitee)?;
    let active = member.is_none_or(Member::is_active);
    let now = draft.now();
    let over = member.and_then(Member::ends_at).is_some_and(|end| end <= now);
    let holds_all = member.is_some_and(|member| member.holds_in_all(grants));
    if over {
        // It is among what is past its time and was not loaded.
        return Err(Stop::MoreDue);
    }
    require_active::<R>(draft, active)?;
    Ok(draft.require("IDN-10", !holds_all, || R::from(AlreadyMember {}))?)
}

fn require_over_one(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    id: InvitationId,
) -> Result<(), Stop<InviteRefused>> {
    let Some(row) = draft.invitation(id)? else { return Ok(()) };
    let by = authority::<InviteRefused>(host, draft, actor)?;
    let over = require_over_row(&by, &Permission::INVITE, row).map_err(InviteRefused::from);
    draft.rule("AUT-1", over)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::vec::Vec;
    use std::{format, vec};

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_an_open_invitation_in_each_of_two_scopes_when_inviting_to_both_with_resend_then_both_are_resent()
    {
        let mut world = World::new();
        let scopes = [in_group("member", "blue"), in_group("member", "red")];
        let open = scopes.clone().map(|scope| world.invite("bob@example.com", scope, &by("ada")));
        let again = Invite::new("bob@example.com", scopes).on_pending(OnPending::Resend);
        assert_eq!(world.ok(again, &by("ada")).len(), 1);
        assert_eq!(open.map(|id| world.invitation(id).revision), [1, 1]);
    }

    #[test]
    fn given_open_invitations_in_many_scopes_when_inviting_to_all_with_resend_then_there_is_entropy_for_each_tok_1()
     {
        let mut world = World::new();
        let ids = ["a", "b", "c", "d", "e", "f", "g", "h"];
        world.groups(ids);
        let scopes = ids.map(|id| in_group("client", id));
        let open = scopes.clone().map(|scope| world.invite("bob@example.com", scope, &by("ada")));
        let again = Invite::new("bob@example.com", scopes).on_pending(OnPending::Resend);
        world.ok(again, &by("ada"));
        assert_eq!(open.map(|id| world.invitation(id).revision), [1; 8]);
    }

    #[test]
    fn given_a_result_when_shown_for_debugging_then_what_was_typed_is_left_out_pri_4() {
        let mut world = World::new();
        let invited = world.ok(Invite::new("Bob <bob@example.com>", Grant::role("member")), &by("ada"));
        let [result] = &invited.results[..] else { panic!("{} results", invited.results.len()) };
        let shown = format!("{result:?}");
        assert!(shown.starts_with("InviteResult { position: 0, outcome: Invited { "), "{shown}");
        assert!(result.input.contains("bob@") && !shown.to_lowercase().contains("bob"), "{shown}");
    }

    #[test]
    fn given_an_owner_who_takes_no_seat_when_invited_to_a_group_then_no_seat_is_reserved_sea_2() {
        let mut world = World::with(team_of(0));
        world.invite(user("ada"), in_group("member", "red"), &Actor::System);
        assert_eq!(world.seats("team"), (0, 0));
    }

    const BOB: &str = "bob@example.com";

    fn codes(invited: &Invited) -> Vec<&'static str> {
        let code = |result: &InviteResult| match &result.outcome {
            InviteOutcome::Invited { .. } => "invited",
            InviteOutcome::Resent { .. } => "resent",
            InviteOutcome::Replaced { .. } => "replaced",
            InviteOutcome::Duplicate { .. } => "duplicate",
            InviteOutcome::Refused { reason } => reason.code(),
        };
        invited.results.iter().map(code).collect()
    }

    #[test]
    fn given_an_address_when_invited_then_there_is_one_invitation_one_place_one_seat_and_one_mail_a1_f8() {
        let mut world = World::with(team_of(5));
        let before = world.events();
        let id = world.invite("Bob <Bob@Example.com>", Grant::role("member"), &by("ada"));
        let row = world.invitation(id);
        assert_eq!((row.name.as_deref(), row.inviter.clone()), (Some("Bob"), by("ada")));
        assert_eq!(row.mail_to.as_ref().unwrap().as_str(), "Bob@Example.com");
        assert_eq!(row.expires_at, Expiry::At(world.now + TimeDelta::days(7)));
        assert_eq!((row.seat.clone(), world.seats("team")), (Some("team".into()), (0, 1)));
        assert_eq!(world.kinds_since(before), ["invitation-created"]);
        let delivery = world.rows().deliveries.values().next().unwrap();
        assert_eq!((delivery.invitation, delivery.due_at), (id, world.now));
    }

    #[test]
    fn given_no_mail_asked_or_a_user_invited_when_inviting_then_nothing_is_queued_f18() {
        let mut world = World::new();
        world.ok(Invite::new(BOB, Grant::role("member")).deliver(Deliver::None), &by("ada"));
        world.invite(user("eve"), Grant::role("member"), &by("ada"));
        assert!(world.rows().deliveries.is_empty());
    }

    #[test]
    fn given_k_seats_when_many_are_invited_then_each_gets_one_in_order_or_nobody_does_sea_6() {
        let list = "a@example.com, nonsense, b@example.com; A@example.com\nc@example.com, d@example.com";
        let mut world = World::with(team_of(2));
        let invited = world.ok(Invite::new(list, Grant::role("member")), &by("ada"));
        let no = "no-seat-left";
        assert_eq!(codes(&invited), ["invited", "invalid-address", "invited", "duplicate", no, no]);
        assert_eq!((invited.len(), invited.is_empty(), invited.refused().count()), (2, false, 3));
        assert_eq!(invited.seats[0].left(), Some(0));
        assert_eq!(world.seats("team"), (0, 2));

        let mut world = World::with(team_of(2));
        let all = Invite::new("a@example.com, b@example.com, c@example.com", Grant::role("member"));
        let refusal = world.run(all.clone().mode(Mode::AllOrNothing), &by("ada")).unwrap_err();
        let InviteRefused::PartlyRefused(why) = refusal else { panic!("{refusal:?}") };
        assert_eq!((*why.count(), why.items()[0].position, why.items()[0].code.as_str()), (1, 2, no));
        assert_eq!(world.seats("team"), (0, 0));
        world.ok(ChangePlan::new(team_of(3)), &Actor::System);
        assert_eq!(world.ok(all.mode(Mode::AllOrNothing), &by("ada")).len(), 3);
    }

    #[test]
    fn given_nobody_who_can_be_invited_when_inviting_many_then_nothing_went_out_sea_6() {
        let mut world = World::with(team_of(0));
        let invited = world.ok(Invite::new("a@example.com, nonsense", Grant::role("member")), &by("ada"));
        assert!(invited.is_empty());
    }

    #[test]
    fn given_repetitions_when_all_or_nothing_is_asked_then_they_do_not_matter_sea_6() {
        let mut world = World::new();
        let twice = vec![InviteeEntry::typed(BOB), InviteeEntry::typed("BOB@example.com")];
        for on_pending in [OnPending::Refuse, OnPending::Resend, OnPending::Replace] {
            let invite = Invite::new(twice.clone(), Grant::role("member")).on_pending(on_pending);
            let invited = world.ok(invite.mode(Mode::AllOrNothing), &by("ada"));
            assert_eq!(codes(&invited)[1], "duplicate");
            world.ok(Revoke::many(invited.invitations()), &by("ada"));
        }
        // The same person for two groups is two invitations (D1).
        let apart = ["red", "blue"].map(|name| InviteeEntry::typed(BOB).grants(in_group("member", name)));
        let invited = world.ok(Invite::new(apart.to_vec(), Grants::default()), &by("ada"));
        assert_eq!(codes(&invited), ["invited", "invited"]);
    }

    #[test]
    fn given_grants_of_their_own_when_inviting_then_each_gets_theirs_and_is_checked_for_them_d1_aut_1() {
        let mut world = World::new();
        world.add("eve", Grant::role("lead"));
        let list = vec![
            InviteeEntry::typed("a@example.com"),
            InviteeEntry::typed("b@example.com").grants(Grant::role("member")).name("B").locale("de"),
            InviteeEntry::typed("c@example.com").grants(Grant::role("admin")),
        ];
        let invited = world.ok(Invite::new(list, Grant::role("client")).locale("en"), &by("eve"));
        assert_eq!(codes(&invited), ["invited", "invited", "not-grantable"]);
        let rows = invited.invitations().map(|id| world.invitation(id)).collect::<Vec<_>>();
        let seen = rows.iter().map(|row| (row.seat.clone().unwrap(), row.locale.as_deref().unwrap()));
        assert_eq!(seen.collect::<Vec<_>>(), [("client".into(), "en"), ("team".into(), "de")]);
    }

    #[test]
    fn given_an_open_invitation_when_inviting_again_then_it_is_refused_resent_or_replaced_con_3_lif_2() {
        for on_pending in [OnPending::Refuse, OnPending::Resend, OnPending::Replace] {
            let mut world = World::with(team_of(1));
            let open = world.invite(BOB, [Grant::role("client"), in_group("member", "red")], &by("ada"));
            let old = world.mail(open);
            let again = Invite::new(BOB, [in_group("member", "red"), in_group("member", "blue")]);
            let again = world.run(again.on_pending(on_pending), &by("ada"));
            let links = |world: &mut World| world.run(Accept::token(old.clone(), person("bob")), &by("bob"));
            match on_pending {
                OnPending::Refuse => {
                    assert_eq!(again.unwrap_err().code(), "already-invited");
                    links(&mut world).unwrap();
                }
                OnPending::Resend => {
                    assert_eq!(codes(&again.unwrap()), ["resent"]);
                    assert_eq!(world.invitation(open).revision, 1);
                    assert_eq!(links(&mut world).unwrap_err().code(), "superseded");
                }
                OnPending::Replace => {
                    let again = again.unwrap();
                    assert_eq!(codes(&again), ["replaced"]);
                    assert_eq!(links(&mut world).unwrap_err().code(), "revoked");
                    let because = RevokedBecause::Replaced;
                    assert_eq!(world.invitation(open).ended.as_ref().unwrap().0, Ending::Revoked { because });
                    assert_eq!(world.seats("team"), (0, 1));
                }
            }
        }
    }

    #[test]
    fn given_an_open_invitation_above_ones_authority_when_inviting_again_then_it_stays_as_it_is_aut_1() {
        for on_pending in [OnPending::Resend, OnPending::Replace] {
            let mut world = World::new();
            world.add("eve", Grant::role("lead"));
            let open = world.invite(BOB, Grant::role("admin"), &by("ada"));
            let again = Invite::new(BOB, Grant::role("member")).on_pending(on_pending);
            let refusal = world.run(again, &by("eve")).unwrap_err();
            assert!(matches!(refusal, InviteRefused::NotGrantable(_)), "{refusal:?}");
            assert_eq!((world.state(open), world.invitation(open).revision), (InvitationState::Pending, 0));
        }
    }

    #[test]
    fn given_overlapping_scopes_when_inviting_then_one_shared_place_is_enough_to_collide_con_3() {
        let mut world = World::new();
        world.invite(BOB, [Grant::role("client"), in_group("member", "red")], &by("ada"));
        let blue = [in_group("member", "red"), in_group("member", "blue")];
        assert_eq!(world.run(Invite::new(BOB, blue), &by("ada")).unwrap_err().code(), "already-invited");
        world.invite(BOB, in_group("member", "blue"), &by("ada"));
        // A user and an address are two invitees, until they are one member.
        world.invite(user("bob"), in_group("member", "red"), &by("ada"));
    }

    #[test]
    fn given_two_pending_for_one_person_when_either_ends_then_one_seat_is_held_to_the_last_sea_3() {
        type Ends = fn(&mut World, InvitationId);
        let ends: [Ends; 3] = [
            |world, id| drop(world.ok(Revoke::one(id), &by("ada"))),
            |world, id| drop(world.ok(Decline::inbox(id, person("bob")), &by("bob"))),
            |world, id| {
                world.now = world.invitation(id).expires_at.time().unwrap();
                world.ok(Tidy::new(1), &Actor::System);
            },
        ];
        // The classes of both, and which one ends: what is reserved then of team and client.
        let table = [
            (["member", "member"], 0, (1, 0)),
            (["client", "member"], 0, (1, 0)),
            (["client", "member"], 1, (0, 1)),
            (["member", "client"], 0, (0, 1)),
            (["member", "client"], 1, (1, 0)),
        ];
        for (roles, ending, left) in table {
            for end in ends {
                let mut world = World::with(team_of(1));
                let soon = Expiry::At(world.now + TimeDelta::days(1));
                let both = [(roles[0], "red"), (roles[1], "blue")].map(|(role, name)| {
                    let expiry = if (name == "red") == (ending == 0) { soon } else { Expiry::Never };
                    let invite = Invite::new(BOB, in_group(role, name)).expires_at(expiry);
                    world.ok(invite, &by("ada")).invitations().next().unwrap()
                });
                assert_eq!(world.seats("team").1 + world.seats("client").1, 1, "one person, one seat");
                end(&mut world, both[ending]);
                assert_eq!((world.seats("team").1, world.seats("client").1), left, "{roles:?} {ending}");
                world.ok(Revoke::one(both[1 - ending]), &by("ada"));
                assert_eq!(world.seats("team").1 + world.seats("client").1, 0, "released once");
            }
        }
    }

    #[test]
    fn given_more_expired_ones_than_are_loaded_when_room_is_needed_then_they_give_way_lif_7b_sea_3() {
        let full = 2 * Reads::DUE + 20;
        for plan in [team_of(full), roomy().pending(Limit::AtMost(full))] {
            let mut world = World::with(plan);
            let list = (0..full).map(|n| address(&format!("{n}@example.com"))).collect::<Invitees>();
            world.ok_unchecked(Invite::new(list, Grant::role("member")), &by("ada"));
            let refusal = world.run(Invite::new(BOB, Grant::role("member")), &by("ada")).unwrap_err();
            assert!(["no-seat-left", "too-many-pending"].contains(&refusal.code()));
            world.wait(TimeDelta::days(7));
            let next = usize::try_from(Reads::DUE).unwrap() + 2;
            let list = (0..next).map(|n| address(&format!("new-{n}@example.com"))).collect::<Invitees>();
            let invited =
                world.ok(Invite::new(list, Grant::role("member")).mode(Mode::AllOrNothing), &by("ada"));
            assert_eq!(invited.len(), next);
            assert_eq!(world.seats("team"), (0, full - 2 * Reads::DUE + Reads::DUE + 2));
        }
    }

    #[test]
    fn given_an_expired_one_that_nobody_noticed_when_inviting_again_then_its_place_is_free_lif_7b() {
        let mut world = World::with(team_of(1));
        let old = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.wait(TimeDelta::days(7));
        let before = world.events();
        let new = world.invite(BOB, Grant::role("member"), &by("ada"));
        assert_eq!(world.kinds_since(before), ["invitation-expired", "invitation-created"]);
        assert_eq!(world.invitation(old).stored_state(), InvitationState::Expired);
        assert_eq!(world.state(new), InvitationState::Pending);
    }

    #[test]
    fn given_an_invitation_that_ended_when_inviting_again_then_nothing_stands_in_the_way_lif_7() {
        type Ends = fn(&mut World, InvitationId);
        let ends: [Ends; 4] = [
            |world, id| drop(world.ok(Revoke::one(id), &by("ada"))),
            |world, id| drop(world.ok(Decline::inbox(id, person("bob")), &by("bob"))),
            |world, _| world.wait(TimeDelta::days(7)),
            |world, id| {
                world.ok(Accept::inbox(id, person("bob")), &by("bob"));
                world.ok(RemoveMembers::one(user("bob")), &by("ada"));
            },
        ];
        for end in ends {
            let mut world = World::with(team_of(1));
            let id = world.invite(BOB, Grant::role("member"), &by("ada"));
            end(&mut world, id);
            world.invite(BOB, Grant::role("member"), &by("ada"));
            assert_eq!(world.seats("team"), (0, 1));
        }
    }

    #[test]
    fn given_an_expiry_when_inviting_then_it_lies_between_a_minute_and_a_century_ahead_lif_4() {
        let mut world = World::new();
        let after = |time: TimeDelta| Expiry::At(world.now + time);
        let table = [
            (after(TimeDelta::minutes(1)), true),
            (after(TimeDelta::minutes(1) - TimeDelta::microseconds(1)), false),
            (after(TimeDelta::zero()), false),
            (after(-TimeDelta::days(1)), false),
            (after(TimeDelta::days(36_525)), true),
            (after(TimeDelta::days(36_525) + TimeDelta::microseconds(1)), false),
            (Expiry::At(chrono::DateTime::<chrono::Utc>::MAX_UTC), false),
            (Expiry::At(MIN_TIME), false),
            (Expiry::Never, true),
        ];
        for (expiry, valid) in table {
            let invite = Invite::new(BOB, Grant::role("member")).on_pending(OnPending::Replace);
            let invited = world.run(invite.expires_at(expiry), &by("ada"));
            assert_eq!(
                invited.map_err(|why| why.code()).err(),
                (!valid).then_some("invalid-expiry"),
                "{expiry:?}"
            );
        }
        world.ok(ChangeSettings::new(Settings::named("Acme").expiry_seconds(86_400)), &by("ada"));
        let day = world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.invitation(day).expires_at, Expiry::At(world.now + TimeDelta::days(1)), "D3");
        let never = world.rows().open().find(|row| row.expires_at == Expiry::Never).unwrap().id;
        world.wait(TimeDelta::days(100_000));
        assert_eq!(world.state(never), InvitationState::Pending);
    }

    #[test]
    fn given_a_rate_when_it_is_used_up_then_resend_and_remind_count_too_abu_1() {
        let mut world = World::with(roomy().inviter_rate(Rate::per(3, TimeDelta::hours(3)).unwrap()));
        world.add("eve", Grant::role("admin"));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.ok(Resend::new(id), &by("ada"));
        world.ok(Remind::new(id), &by("ada"));
        let refusal = world.run(Invite::new("a@example.com", Grant::role("member")), &by("ada")).unwrap_err();
        let InviteRefused::TooManyInvitations(why) = refusal else { panic!("{refusal:?}") };
        assert_eq!(*why.again_at(), world.now + TimeDelta::hours(1));
        assert_eq!(world.run(Resend::new(id), &by("ada")).unwrap_err().code(), "too-many-invitations");
        assert_eq!(world.run(Remind::new(id), &by("ada")).unwrap_err().code(), "too-many-invitations");
        world.ok(Remind::new(id), &by("eve"));
        world.wait(TimeDelta::hours(1));
        world.ok(Remind::new(id), &by("ada"));
    }

    #[test]
    fn given_a_restricted_inviter_when_inviting_then_nothing_beyond_it_is_granted_aut_2() {
        let mut world = World::new();
        let within = Restriction::only(["a", "b"]);
        world.add("eve", Grant::role("lead").restricted("account", within).removing("posts.publish"));
        let grant = || Grant::role("member").removing("posts.publish");
        // What is granted, and the code of the refusal.
        let table = [
            ("less", grant().restricted("account", Restriction::only(["a"])), None),
            ("as much", grant().restricted("account", Restriction::only(["a", "b"])), None),
            (
                "another account",
                grant().restricted("account", Restriction::only(["c"])),
                Some("not-grantable"),
            ),
            ("every account", grant(), Some("not-grantable")),
            (
                "in a group",
                grant().in_group(group("red")).restricted("account", Restriction::only(["a"])),
                None,
            ),
            (
                "a permission more",
                Grant::role("member").restricted("account", Restriction::only(["a"])),
                Some("not-grantable"),
            ),
            (
                "a role above",
                Grant::role("lead").restricted("account", Restriction::only(["a"])),
                Some("not-grantable"),
            ),
        ];
        for (sentence, grant, expected) in table {
            let invite = Invite::new(BOB, grant).on_pending(OnPending::Replace);
            assert_eq!(world.run(invite, &by("eve")).err().map(|why| why.code()), expected, "{sentence}");
        }
    }

    #[test]
    fn given_a_manager_of_one_group_when_inviting_elsewhere_then_there_is_no_say_outside_of_it_aut_1() {
        let mut world = World::new();
        world.add("eve", in_group("lead", "red"));
        world.invite(BOB, in_group("member", "red"), &by("eve"));
        for grants in
            [vec![in_group("member", "blue")], vec![in_group("member", "red"), Grant::role("client")]]
        {
            let refusal = world.run(Invite::new("a@example.com", grants), &by("eve")).unwrap_err();
            assert!(matches!(refusal, InviteRefused::NotPermitted(_)), "{refusal:?}");
        }
    }

    #[test]
    fn given_a_dry_run_when_explained_then_each_rule_is_named_with_what_came_of_it_f5() {
        let mut world = World::with(team_of(1));
        let list = "a@example.com, nonsense, b@example.com";
        let checks = world.explain(&Invite::new(list, Grant::role("member")), &by("ada"));
        let refused = checks.iter().filter_map(|check| Some((check.position, check.rule, check.refused?)));
        let expected = [(Some(1), "IDN-7", "invalid-address"), (Some(2), "SEA-1", "no-seat-left")];
        assert_eq!(refused.collect::<Vec<_>>(), expected);
        let of_all = checks.iter().filter(|check| check.position.is_none()).map(|check| check.rule);
        let of_all = of_all.collect::<BTreeSet<_>>();
        assert!(of_all.is_superset(&["LIF-8", "AUT-1", "AUT-2", "AUT-3", "LIF-4"].into()), "{of_all:?}");
        assert!(world.rows().invitations.is_empty());
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("InviteRefused", include_str!("invite.rs"));
        let mut world = World::with(team_of(2).entitled("line", Restriction::only(["a"])));
        world.add("eve", Grant::role("lead"));
        let member = || Grant::role("member");
        let mut refused = |world: &mut World, sentence, reason, invite: Invite, actor| {
            cases.refused(sentence, reason, world.run(invite, &by(actor)));
        };
        let nobody = Invite::new(Vec::<InviteeEntry>::new(), member());
        refused(
            &mut world,
            "given nobody, when inviting, then nothing is asked",
            "NothingAsked",
            nobody,
            "ada",
        );

        let many = (0..=world.model.caps.items).map(|n| address(&format!("{n}@example.com")));
        let notes = world.model.caps.metadata_bytes;
        let name = "n".repeat(world.model.caps.name_bytes + 1);
        let large = [
            Invite::new(many.collect::<Invitees>(), member()),
            Invite::new("x".repeat(2 << 20), member()),
            Invite::new(BOB, member()).message("x".repeat(world.model.caps.message_bytes + 1)),
            Invite::new(BOB, member()).metadata("k", "x".repeat(notes)),
            Invite::new(InviteeEntry::typed(BOB).metadata("k", "x".repeat(notes)), member()),
            Invite::new(InviteeEntry::typed(BOB).name(name.clone()), member()),
            Invite::new(InviteeEntry::typed(BOB).locale(name.clone()), member()),
            Invite::new(BOB, member()).locale(name),
            Invite::new(BOB, (0..65).map(|n| in_group("member", &format!("{n}"))).collect::<Grants>()),
        ];
        for invite in large {
            refused(
                &mut world,
                "given more than a cap allows, when inviting, then it is too large (ABU-3)",
                "TooLarge",
                invite,
                "ada",
            );
        }
        let forbidden = [
            Invite::new(BOB, member()).message("hello\0"),
            Invite::new(BOB, member()).locale("\u{1b}de"),
            Invite::new(InviteeEntry::typed(BOB).name("Bob\u{7f}"), member()),
            Invite::new(InviteeEntry::typed(BOB).locale("de\0"), member()),
        ];
        for invite in forbidden {
            refused(
                &mut world,
                "given a text with a control character, when inviting, then it is forbidden (MAI-2)",
                "ForbiddenCharacter",
                invite,
                "ada",
            );
        }
        let several_lines = Invite::new(BOB, member()).message("Hello,\r\n\tBob\n");
        world.clone().ok(several_lines, &by("ada"));
        let both = Invite::new("a@example.com, nonsense", member()).mode(Mode::AllOrNothing);
        refused(
            &mut world,
            "given all or nothing, when one cannot be invited, then nobody is (SEA-6)",
            "PartlyRefused",
            both,
            "ada",
        );
        let stranger = Invite::new(BOB, member());
        refused(
            &mut world,
            "given no member, when inviting, then a permission is missing",
            "NotPermitted",
            stranger.clone(),
            "dan",
        );
        refused(
            &mut world,
            "given no right to messages, when inviting with one, then it is missing (ABU-5)",
            "NotPermitted",
            stranger.clone().message("hi"),
            "eve",
        );
        refused(
            &mut world,
            "given a role beyond one's own, when inviting, then it is not grantable (AUT-2)",
            "NotGrantable",
            Invite::new(BOB, Grant::role("admin")),
            "eve",
        );
        let ungrantable = [
            ("GrantsMissing", Grants::default()),
            ("UnknownRole", Grant::role("king").into()),
            ("UnknownRole", Grant::role(RoleName::OWNER).into()),
            ("UnknownPermission", member().removing("fly").into()),
            ("UnknownResourceKind", member().restricted("moon", Restriction::All).into()),
            ("NeverGrantable", Grant::role("client").adding("accounts.delete").into()),
            ("InvalidEnd", member().until(MIN_TIME).into()),
            ("NotEntitled", member().restricted("line", Restriction::only(["a", "b"])).into()),
        ];
        for (reason, grants) in ungrantable {
            refused(
                &mut world,
                "given grants that nobody can give, when inviting, then it says why (AUT-3)",
                reason,
                Invite::new(BOB, grants),
                "ada",
            );
        }
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, id) in SHUT {
            refused(
                &mut shut,
                "given a group in which nothing can be granted, when inviting to it, then it says why (LIF-10)",
                reason,
                Invite::new(BOB, [member(), in_group("member", id)]),
                "ada",
            );
        }
        let past = Invite::new(BOB, member()).expires_at(Expiry::At(world.now));
        refused(
            &mut world,
            "given an expiry that is not ahead, when inviting, then it is not valid (LIF-4)",
            "InvalidExpiry",
            past,
            "ada",
        );
        refused(
            &mut world,
            "given no address, when inviting, then it is invalid (IDN-7)",
            "InvalidAddress",
            Invite::new("bob", member()),
            "ada",
        );
        refused(
            &mut world,
            "given a member, when invited to what they hold, then they are one already (IDN-10)",
            "AlreadyMember",
            Invite::new("eve@example.com", member()),
            "ada",
        );

        let mut denied = world.clone();
        let rules = DomainRules::new().allow(DomainRule::parse("example.org").unwrap());
        denied.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        refused(
            &mut denied,
            "given an allow list, when another domain is invited, then it is not allowed (IDN-8)",
            "DomainNotAllowed",
            stranger.clone(),
            "ada",
        );
        let rules = denied.organization().settings.domains.clone();
        let including = Settings::named("Acme").domains(rules).inclusion(Inclusion::Always);
        denied.ok(ChangeSettings::new(including), &by("ada"));
        refused(
            &mut denied,
            "given an allow list, when somebody without an address is included, then one is needed (IDN-8)",
            "AddressNeeded",
            Invite::new(user("zoe"), Grant::role("client")),
            "ada",
        );

        let mut blocked = world.clone();
        let id = blocked.invite(BOB, member(), &by("ada"));
        refused(
            &mut blocked,
            "given an open invitation, when invited again, then it is open (CON-3)",
            "AlreadyInvited",
            stranger.clone(),
            "ada",
        );
        refused(
            &mut blocked,
            "given no seat, when inviting, then none is left (SEA-1)",
            "NoSeatLeft",
            Invite::new("a@example.com", member()),
            "ada",
        );
        blocked.ok(Decline::inbox(id, person("bob")).block(Block::Organization), &by("bob"));
        refused(
            &mut blocked,
            "given a block, when invited again, then it holds (F11)",
            "Blocked",
            stranger.clone(),
            "ada",
        );

        let mut offered = world.clone();
        offered.add("bob", in_group("client", "red"));
        offered.add("dan", Grant::role("admin").removing("posts.publish"));
        offered.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada"));
        let resend = Invite::new(user("bob"), Grant::role("client")).on_pending(OnPending::Resend);
        refused(
            &mut offered,
            "given an offer of ownership, when resent by no owner, then they may not",
            "NotOwner",
            resend,
            "dan",
        );

        let mut crowded = world.clone();
        crowded.ok(ChangePlan::new(roomy()), &Actor::System);
        crowded.crowd(address("crowd@example.com"));
        refused(
            &mut crowded,
            "given as many open ones as a person may have, when inviting to one more group, then no (ABU-3)",
            "TooManyOpen",
            Invite::new("crowd@example.com", in_group("member", "more")),
            "ada",
        );

        let plan = team_of(9).organization_rate(Rate::per(1, TimeDelta::hours(1)).unwrap());
        world.ok(ChangePlan::new(plan), &Actor::System);
        world.invite("a@example.com", member(), &by("ada"));
        refused(
            &mut world,
            "given a rate that is used up, when inviting, then it tells when again (ABU-1)",
            "TooManyInvitations",
            stranger.clone(),
            "ada",
        );
        world.ok(ChangePlan::new(team_of(9).pending(Limit::AtMost(1))), &Actor::System);
        refused(
            &mut world,
            "given as many pending as the plan allows, when inviting, then it waits (ABU-1)",
            "TooManyPending",
            stranger.clone(),
            "ada",
        );
        world.ok(ChangePlan::new(Plan::new()), &Actor::System);
        refused(
            &mut world,
            "given a plan that does not name the class, when inviting, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            stranger.clone(),
            "ada",
        );
        refused(
            &mut world,
            "given a page that the host does not list, when inviting to it, then not (F20, WEB-3)",
            "ContinueUrlNotAllowed",
            stranger.clone().continue_to("https://evil.example/"),
            "ada",
        );
        refused(
            &mut world,
            "given an organization that asks everybody, when including, then no (C3)",
            "InclusionOff",
            stranger.clone().include(Include::Yes),
            "ada",
        );
        let names = ListOptions::new().names(NameFragments::UserNames);
        let list = |name: &str| parse_list(name, &names).unwrap();
        let called = [("Bob".into(), Called::Several)].into();
        for (name, reason) in [("Bob", "AmbiguousName"), ("Rob", "UnknownName")] {
            let invitees = Invitees::looked_up(&list(name), &called, &BTreeMap::new());
            refused(
                &mut world,
                "given a name that is not one user's, when inviting, then it is not guessed (PAR-2)",
                reason,
                Invite::new(invitees, member()),
                "ada",
            );
        }
        let mut revealing =
            World::of(crate::testing::model().reveal_accounts(RevealAccounts::ToInviters), roomy());
        revealing.ok(ChangeSettings::new(Settings::named("Acme").inclusion(Inclusion::Always)), &by("ada"));
        let eve = NewMember::new(user("eve"), member()).email(address("bob@example.com"));
        revealing.ok(AddMembers::one(eve), &Actor::System);
        let bob = InviteeEntry::new(address("bob@example.com")).account(user("bob"));
        refused(
            &mut revealing,
            "given an address that another member joined with, when its user is included, then no (IDN-12)",
            "AddressOfAnotherMember",
            Invite::new(bob, in_group("member", "red")),
            "ada",
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        refused(
            &mut world,
            "given a suspended organization, when inviting, then not now (LIF-8)",
            "OrganizationSuspended",
            stranger.clone(),
            "ada",
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        refused(
            &mut world,
            "given a closed organization, when inviting, then never (LIF-8)",
            "OrganizationClosed",
            stranger,
            "ada",
        );
        let mut apart = World::suspended();
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.run(Invite::new("bob@example.com", in_group("client", "red")), &by("ada")),
        );
        let past = Invite::new("gus@example.com", Grant::role("client")).starts_at(apart.now);
        cases.refused(
            "given a beginning that is not ahead, then it is told (F14)",
            "InvalidStart",
            apart.run(past, &by("ada")),
        );
        cases.are_all_but(&[
            ("UnknownInvitation", "what is resent was found open"),
            ("NotPending", "what is resent was found open and within its time"),
            ("InvitationErased", "what is erased was ended before"),
        ]);
    }

    #[test]
    fn given_a_reservation_raised_by_one_that_is_replaced_by_less_when_inviting_then_the_class_is_free_sea_3()
    {
        let mut world = World::with(team_of(1));
        world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        world.invite("bob@example.com", in_group("member", "blue"), &by("ada"));
        let less = Invite::new("bob@example.com", in_group("client", "blue")).on_pending(OnPending::Replace);
        world.ok(less, &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
    }

    #[test]
    fn given_an_offer_of_ownership_when_replacing_it_then_only_an_owner_may_aut_1() {
        let mut world = World::new();
        world.add("eve", Grant::role("admin"));
        world.add("bob", in_group("member", "red"));
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada")).invitation;
        let instead = Invite::new(user("bob"), Grant::role("member")).on_pending(OnPending::Replace);
        let refusal = world.run(instead.clone(), &by("eve")).unwrap_err();
        assert!(matches!(refusal, InviteRefused::NotPermitted(_)), "{refusal:?}");
        world.ok(instead, &by("ada"));
        assert_eq!(world.state(offer), InvitationState::Revoked);
    }

    #[test]
    fn given_two_limits_on_rate_when_both_are_used_up_then_the_later_time_is_told_abu_1() {
        let rate = |minutes| Rate::per(1, TimeDelta::minutes(minutes)).unwrap();
        for (organization, inviter) in [(60, 10), (10, 60)] {
            let plan = roomy().organization_rate(rate(organization)).inviter_rate(rate(inviter));
            let mut world = World::with(plan);
            world.invite("bob@example.com", Grant::role("member"), &by("ada"));
            let next = Invite::new("eve@example.com", Grant::role("member"));
            let refusal = world.run(next.clone(), &by("ada")).unwrap_err();
            let again = world.now + TimeDelta::minutes(60);
            assert!(matches!(refusal, InviteRefused::TooManyInvitations(why) if *why.again_at() == again));
            world.now = again;
            world.ok(next, &by("ada"));
        }
    }

    #[test]
    fn given_a_reservation_raised_by_an_invitation_that_expired_when_inviting_then_the_class_is_free_sea_3() {
        let mut world = World::with(team_of(1));
        world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        let raising = Invite::new("bob@example.com", in_group("member", "blue"));
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        world.ok(raising.expires_at(soon), &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (0, 0)));

        world.wait(TimeDelta::hours(1));
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (0, 1)));
    }
}
