//! Invite one person or many.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::invitees::{InviteeEntry, Invitees, Named};
use super::resend::{ResendRefused, renew};
use super::revoke::require_over_row;
use super::{SeatUse, seat_use};
use crate::authority::check_grants;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, AlreadyMember, Blocked, DomainNotAllowed, NotGrantable, NotPermitted, NothingAsked,
    PartlyRefused, Refusal, TooLarge, refused, refused_for_authority, refused_for_grants, refused_for_seats,
    refused_when_closed,
};
use crate::rules::{
    authority, expiry, open_at_places, organization, require_domain, require_open, require_pending,
    require_rate,
};
use crate::seats::{end_due, end_if_due, lower, require_seat, reserve};
use crate::{
    Actor, DeliveryKind, Draft, Event, Expiry, Grants, Host, Invitation, InvitationId, InvitationKind,
    Invitee, Metadata, Nonce, Operation, Permission, Reads, RevokedBecause, Scope, Stop, SuppressionKind,
};

/// What to do about somebody who has an open invitation for one of the scopes already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OnPending {
    /// Say so.
    #[default]
    Refuse,
    /// Send the open invitation again, as it is: new link, new expiry.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invite {
    invitees: Invitees,
    grants: Grants,
    mode: Mode,
    on_pending: OnPending,
    deliver: Deliver,
    expires_at: Option<Expiry>,
    message: Option<String>,
    locale: Option<String>,
    metadata: Metadata,
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
            expires_at: None,
            message: None,
            locale: None,
            metadata: Metadata::new(),
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
    /// An invitation was made.
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
        NothingAsked, TooLarge, PartlyRefused, OrganizationSuspended, OrganizationClosed, NotPermitted,
        NotGrantable, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable,
        NotEntitled, InvalidExpiry, InvalidAddress, DomainNotAllowed, Blocked, AlreadyMember,
        AlreadyInvited, TooManyInvitations, TooManyPending, NoSeatLeft, SeatClassNotInPlan, UnknownInvitation,
        NotPending, NotOwner
}
refused_when_closed!(InviteRefused);
refused_for_grants!(InviteRefused);
refused_for_authority!(InviteRefused);
refused_for_seats!(InviteRefused);

impl From<ResendRefused> for InviteRefused {
    fn from(why: ResendRefused) -> Self {
        match why {
            ResendRefused::OrganizationSuspended(reason) => reason.into(),
            ResendRefused::OrganizationClosed(reason) => reason.into(),
            ResendRefused::UnknownInvitation(reason) => reason.into(),
            ResendRefused::NotPending(reason) => reason.into(),
            ResendRefused::NotPermitted(reason) => reason.into(),
            ResendRefused::NotGrantable(reason) => reason.into(),
            ResendRefused::GrantsMissing(reason) => reason.into(),
            ResendRefused::UnknownRole(reason) => reason.into(),
            ResendRefused::UnknownPermission(reason) => reason.into(),
            ResendRefused::UnknownResourceKind(reason) => reason.into(),
            ResendRefused::NeverGrantable(reason) => reason.into(),
            ResendRefused::NotEntitled(reason) => reason.into(),
            ResendRefused::TooLarge(reason) => reason.into(),
            ResendRefused::DomainNotAllowed(reason) => reason.into(),
            ResendRefused::Blocked(reason) => reason.into(),
            ResendRefused::AlreadyMember(reason) => reason.into(),
            ResendRefused::AlreadyInvited(reason) => reason.into(),
            ResendRefused::InvalidExpiry(reason) => reason.into(),
            ResendRefused::TooManyInvitations(reason) => reason.into(),
            ResendRefused::TooManyPending(reason) => reason.into(),
            ResendRefused::NoSeatLeft(reason) => reason.into(),
            ResendRefused::SeatClassNotInPlan(reason) => reason.into(),
            ResendRefused::NotOwner(reason) => reason.into(),
        }
    }
}

impl Sealed for Invite {}

impl Operation for Invite {
    type Outcome = Invited;
    type Refusal = InviteRefused;
    const NAME: &'static str = "invite";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor).limits_of(actor).due();
        reads.invitees.extend(self.invitees.named().cloned());
        reads
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
struct Common {
    expires_at: Expiry,
}

impl Invite {
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
        ];
        for (what, size, cap) in caps {
            let answer = if size > cap { Err(InviteRefused::from(TooLarge::new(what, cap))) } else { Ok(()) };
            draft.rule("ABU-3", answer)?;
        }
        if self.message.is_some() {
            let permitted =
                authority(host, draft, actor)?.require(&Permission::MESSAGE, &Scope::Organization);
            draft.rule("ABU-5", permitted.map_err(InviteRefused::from))?;
        }
        if self.invitees.entries.iter().any(|entry| entry.grants.is_none()) {
            check_granting(host, actor, draft, &self.grants)?;
        }
        let organization = organization(draft)?;
        let expires_at = expiry(host.model, organization, draft.now(), self.expires_at);
        let expires_at = draft.rule("LIF-4", expires_at.map_err(InviteRefused::from))?;
        Ok(Common { expires_at })
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
            Named::Nobody(why) => draft.rule("IDN-7", Err(InviteRefused::from(why.clone())))?,
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
        let grants = match &entry.grants {
            Some(own) => {
                check_granting(host, actor, draft, own)?;
                own
            }
            None => &self.grants,
        };
        require_welcome(draft, invitee, grants)?;

        let open = open_at_places(draft, invitee, grants)?.iter().map(|row| row.id).collect::<Vec<_>>();
        for id in &open {
            end_if_due(host.model, draft, *id)?;
        }
        let open = open_at_places(draft, invitee, grants)?;
        let pending = open.first().map(|row| (row.id, row.expires_at));
        let replaced = open.iter().map(|row| row.id).collect::<Vec<_>>();
        if let Some((invitation, expires_at)) = pending {
            let answer = match self.on_pending {
                OnPending::Refuse => Err(InviteRefused::from(AlreadyInvited { invitation, expires_at })),
                _ => Ok(()),
            };
            draft.rule("CON-3", answer)?;
            if self.on_pending == OnPending::Resend {
                for id in &replaced {
                    renew(host, actor, draft, *id, Some(common.expires_at))
                        .map_err(|stop| stop.map(Into::into))?;
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
        let now = draft.now();
        let id = InvitationId::from_parts(now, draft.entropy().take()?);
        let mail_to = match self.deliver {
            Deliver::Mail => invitee.address().cloned(),
            Deliver::None => None,
        };
        let mut metadata = self.metadata.clone();
        metadata.extend(entry.metadata.clone());
        let invitation = Invitation {
            id,
            kind: InvitationKind::Membership,
            invitee: invitee.clone(),
            name: entry.name.clone(),
            grants: grants.clone(),
            inviter: actor.clone(),
            created_at: now,
            expires_at: common.expires_at,
            ended: None,
            nonce: Nonce::from_bytes(draft.entropy().take()?),
            earlier_nonces: Vec::new(),
            revision: 0,
            mail_to,
            seat: seat.clone(),
            message: self.message.clone(),
            locale: entry.locale.clone().or_else(|| self.locale.clone()),
            metadata,
        };
        draft.emit(Event::InvitationCreated { invitation: Box::new(invitation) });
        require_pending(draft)?;
        require_seat(draft, seat.as_ref())?;
        draft.queue(DeliveryKind::Invitation, id)?;
        Ok(id)
    }
}

/// Checks that the actor may invite with these grants: that they exist (AUT-3), that the actor may invite in
/// every scope (AUT-1), and that the actor may grant all of it (AUT-2).
pub(super) fn check_granting<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    grants: &Grants,
) -> Result<(), Stop<R>>
where
    R: Refusal + From<crate::authority::Ungrantable> + From<NotPermitted> + From<NotGrantable>,
{
    let known = check_grants(host.model, &organization::<R>(draft)?.plan, grants).map_err(R::from);
    draft.rule("AUT-3", known)?;
    let by = authority::<R>(host, draft, actor)?;
    let permitted =
        grants.scopes().try_for_each(|scope| by.require(&Permission::INVITE, scope)).map_err(R::from);
    let grantable = by.require_grantable(grants).map_err(R::from);
    draft.rule("AUT-1", permitted)?;
    draft.rule("AUT-2", grantable)?;
    Ok(())
}

/// Checks that somebody may be invited at all: the domain (IDN-8), that they did not block it (F11), and that
/// they are not a member already who holds something in every one of the scopes.
pub(super) fn require_welcome<R>(draft: &mut Draft, invitee: &Invitee, grants: &Grants) -> Result<(), Stop<R>>
where
    R: Refusal + From<DomainNotAllowed> + From<Blocked> + From<AlreadyMember>,
{
    let domain = require_domain(organization::<R>(draft)?, invitee.address()).map_err(R::from);
    draft.rule("IDN-8", domain)?;
    let blocked = draft.suppressed_since(invitee, SuppressionKind::Invitations)?.is_some();
    draft.rule("F11", if blocked { Err(R::from(Blocked {})) } else { Ok(()) })?;
    let member = draft.member_of(invitee)?;
    let holds_all =
        member.is_some_and(|member| grants.scopes().all(|scope| member.grants.access(scope).is_some()));
    draft.rule("IDN-10", if holds_all { Err(R::from(AlreadyMember {})) } else { Ok(()) })?;
    Ok(())
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
    fn given_an_owner_who_takes_no_seat_when_invited_to_a_group_then_no_seat_is_reserved_sea_2() {
        let mut world = World::with(team_of(0));
        world.invite(user("ada"), in_group("member", "red"), &Actor::System);
        assert_eq!(world.seats("team"), (0, 0));
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
