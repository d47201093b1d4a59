//! Offer ownership to a member, who becomes an owner by accepting (F16).

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::accept::AcceptRefused;
use super::join::settle;
use crate::authority::check_grants;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, AlreadyOwner, InviterNoLongerMay, NotOwner, NotPermitted, Refusal, UnknownMember,
    refused, refused_for_grants, refused_when_closed,
};
use crate::rules::{expiry, open_at_places, organization, require_open, require_pending, require_rate};
use crate::seats::{end_due, end_if_due, require_seat, seat_of, takes_another};
use crate::{
    Actor, DeliveryKind, Draft, Ending, Event, Expiry, FormerOwner, Grant, Grants, Host, Invitation,
    InvitationId, InvitationKind, Invitee, Member, Metadata, Nonce, Operation, Permission, Reads, RoleName,
    Scope, Stop, UserId,
};

/// Offers ownership to a member: an invitation that the new owner accepts.
///
/// The offer says what becomes of the one who makes it. Mail goes to the address the member joined with, if
/// there is one; it stands in the inbox in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferOwnership {
    to: UserId,
    former: FormerOwner,
}

impl OfferOwnership {
    /// To a member, and what becomes of the owner who offers it.
    #[must_use]
    pub fn new(to: UserId, former: FormerOwner) -> Self {
        Self { to, former }
    }
}

/// What came of offering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OwnershipOffered {
    /// The invitation that the new owner accepts.
    pub invitation: InvitationId,
    /// When it ends.
    pub expires_at: Expiry,
}

refused! {
    /// Why ownership was not offered.
    OfferOwnershipRefused:
        OrganizationSuspended, OrganizationClosed, NotOwner, UnknownMember, AlreadyOwner, AlreadyInvited,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, NotEntitled, TooLarge,
        TooManyInvitations, TooManyPending
}
refused_when_closed!(OfferOwnershipRefused);
refused_for_grants!(OfferOwnershipRefused);

impl Sealed for OfferOwnership {}

impl Operation for OfferOwnership {
    type Outcome = OwnershipOffered;
    type Refusal = OfferOwnershipRefused;
    const NAME: &'static str = "offer-ownership";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).limits_of(actor).person(self.to.clone()).due()
    }

    fn makes(&self) -> usize {
        3
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        require_owner::<OfferOwnershipRefused>(host, actor, draft)?;
        let unknown = UnknownMember { user: self.to.clone() };
        let member = draft.member(&self.to)?.cloned().ok_or(OfferOwnershipRefused::from(unknown))?;
        let owner = if member.is_owner() { Err(AlreadyOwner {}) } else { Ok(()) };
        draft.rule("F16", owner.map_err(OfferOwnershipRefused::from))?;
        if let FormerOwner::Becomes(access) = &self.former {
            let grants = Grants::from(Grant::new(Scope::Organization, access.clone()));
            let known =
                check_grants(host.model, &organization::<OfferOwnershipRefused>(draft)?.plan, &grants);
            draft.rule("AUT-3", known.map_err(OfferOwnershipRefused::from))?;
        }
        end_due(host.model, draft)?;
        let invitee = Invitee::User(self.to.clone());
        let grants = Grants::from(Grant::role(RoleName::OWNER));
        let open = open_at_places(draft, &invitee, &grants)?.iter().map(|row| row.id).collect::<Vec<_>>();
        for id in open {
            end_if_due(host.model, draft, id)?;
        }
        let open = open_at_places(draft, &invitee, &grants)?;
        let offered = open
            .first()
            .map_or(Ok(()), |row| Err(AlreadyInvited { invitation: row.id, expires_at: row.expires_at }));
        draft.rule("CON-3", offered.map_err(OfferOwnershipRefused::from))?;
        require_rate(draft, actor)?;

        let now = draft.now();
        // The default of the model and the organization is checked when they are set.
        let expires_at = expiry(host.model, organization(draft)?, now, None).unwrap_or(Expiry::At(now));
        let id = InvitationId::from_parts(now, draft.entropy().take()?);
        let nonce = Nonce::from_bytes(draft.entropy().take()?);
        draft.emit(Event::InvitationCreated {
            invitation: Box::new(Invitation {
                id,
                kind: InvitationKind::Ownership { former: self.former.clone() },
                invitee,
                name: None,
                grants,
                inviter: actor.clone(),
                created_at: now,
                expires_at,
                ended: None,
                nonce,
                earlier_nonces: Vec::new(),
                revision: 0,
                mail_to: member.email.clone(),
                seat: None,
                message: None,
                locale: None,
                metadata: Metadata::new(),
            }),
        });
        require_pending(draft)?;
        draft.queue(DeliveryKind::Invitation, id)?;
        Ok(OwnershipOffered { invitation: id, expires_at })
    }
}

/// Requires that whoever acts is an owner, or the host.
pub(super) fn require_owner<R: Refusal + From<NotOwner>>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
) -> Result<(), Stop<R>> {
    let owner = crate::rules::authority::<R>(host, draft, actor)?.is_owner();
    draft.rule("F16", if owner { Ok(()) } else { Err(R::from(NotOwner {})) })?;
    Ok(())
}

/// Why somebody who is no owner may not manage an offer of ownership.
pub(super) fn owners_only(permission: &Permission) -> NotPermitted {
    NotPermitted { permission: permission.clone(), roles: alloc::vec![RoleName::OWNER] }
}

/// Makes the invitee an owner, and of the former owner what the offer says. One commit, so there is an owner
/// at every moment.
pub(super) fn transfer(
    host: &Host<'_>,
    draft: &mut Draft,
    row: &Invitation,
    former: &FormerOwner,
    user: &UserId,
) -> Result<Grants, Stop<AcceptRefused>> {
    let unknown = UnknownMember { user: user.clone() };
    let member = draft.member(user)?.cloned().ok_or(AcceptRefused::from(unknown))?;
    let already = if member.is_owner() { Err(AlreadyOwner {}) } else { Ok(()) };
    draft.rule("F16", already.map_err(AcceptRefused::from))?;
    let offerer = match row.inviter.user() {
        Some(offerer) => draft.member(offerer)?.cloned(),
        None => None,
    };
    // An owner who is none any more has nothing to hand over, whatever the policy for other invitations.
    let still = row.inviter == Actor::System || offerer.as_ref().is_some_and(Member::is_owner);
    let still = if still { Ok(()) } else { Err(InviterNoLongerMay {}) };
    draft.rule("AUT-4", still.map_err(AcceptRefused::from))?;

    end_due(host.model, draft)?;
    let actor = Actor::User(user.clone());
    let ending = Ending::Accepted { user: user.clone() };
    draft.emit_as(actor.clone(), Event::InvitationEnded { id: row.id, ending, reason: None });
    let grants = Grants::from(Grant::role(RoleName::OWNER)).joined(&member.grants);
    let owner = change(host, draft, &actor, &member, grants.clone());
    settle::<AcceptRefused>(host.model, draft, &owner, [])?;
    if takes_another(Some(&member), owner.seat.as_ref()) {
        require_seat::<AcceptRefused>(draft, owner.seat.as_ref())?;
    }
    if let (FormerOwner::Becomes(access), Some(offerer)) = (former, offerer) {
        let grants = Grants::from(Grant::new(Scope::Organization, access.clone())).joined(&offerer.grants);
        let former = change(host, draft, &actor, &offerer, grants);
        if takes_another(Some(&offerer), former.seat.as_ref()) {
            require_seat::<AcceptRefused>(draft, former.seat.as_ref())?;
        }
    }
    Ok(grants)
}

fn change(host: &Host<'_>, draft: &mut Draft, actor: &Actor, member: &Member, grants: Grants) -> Member {
    let seat = seat_of(host.model, &grants);
    let now = Member { grants: grants.clone(), seat: seat.clone(), ..member.clone() };
    let user = member.user.clone();
    draft.emit_as(actor.clone(), Event::MemberAccessChanged { user, grants, seat });
    now
}
