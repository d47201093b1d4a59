//! Resend an invitation: a new link, a new expiry, and every earlier link dead.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::invite::{check_granting, require_welcome};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, NotPending, UnknownInvitation, refused, refused_for_grants, refused_for_seats,
    refused_when_closed,
};
use crate::rules::{expiry, open_at_places, organization, require_open, require_pending, require_rate};
use crate::seats::{end_due, end_if_due, require_seat, reserve};
use crate::{
    Actor, DeliveryKind, Draft, Event, Expiry, Host, InvitationId, InvitationKind, InvitationState, Nonce,
    Operation, Reads, Stop,
};

/// Sends an invitation again: pending ones, and expired ones after all checks of a new one (D5, LIF-3).
///
/// In the same commit every earlier link of it dies (LIF-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resend {
    invitation: InvitationId,
    expires_at: Option<Expiry>,
}

impl Resend {
    /// This invitation.
    #[must_use]
    pub fn new(invitation: InvitationId) -> Self {
        Self { invitation, expires_at: None }
    }

    /// When it ends, instead of the organization's or the model's default.
    #[must_use]
    pub fn expires_at(mut self, expiry: Expiry) -> Self {
        self.expires_at = Some(expiry);
        self
    }
}

/// What came of resending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resent {
    /// The invitation.
    pub invitation: InvitationId,
    /// When it ends now.
    pub expires_at: Expiry,
}

refused! {
    /// Why an invitation was not sent again.
    ResendRefused:
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotPermitted, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, NotEntitled, TooLarge,
        DomainNotAllowed, Blocked, AlreadyMember, AlreadyInvited, InvalidExpiry, TooManyInvitations,
        TooManyPending, NoSeatLeft, SeatClassNotInPlan, NotOwner
}
refused_when_closed!(ResendRefused);
refused_for_grants!(ResendRefused);
refused_for_seats!(ResendRefused);

impl Sealed for Resend {}

impl Operation for Resend {
    type Outcome = Resent;
    type Refusal = ResendRefused;
    const NAME: &'static str = "resend";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).limits_of(actor).invitation(self.invitation).due()
    }

    fn makes(&self) -> usize {
        2
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let expires_at = renew(host, actor, draft, self.invitation, self.expires_at)?;
        Ok(Resent { invitation: self.invitation, expires_at })
    }
}

/// Gives an invitation a new nonce and expiry, as if it were made now: authority, domain, block, membership,
/// place, rate and seat are checked afresh (LIF-3, IDN-8, AUT-1).
pub(super) fn renew(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    id: InvitationId,
    asked: Option<Expiry>,
) -> Result<Expiry, Stop<ResendRefused>> {
    let row = draft.invitation(id)?.cloned();
    let row = draft.rule("STO-2", row.ok_or(ResendRefused::from(UnknownInvitation {})))?;
    let state = row.state_at(draft.now());
    let again = matches!(state, InvitationState::Pending | InvitationState::Expired);
    let answer = if again { Ok(()) } else { Err(ResendRefused::from(NotPending { state })) };
    draft.rule("LIF-3", answer)?;
    match row.kind {
        InvitationKind::Membership => {
            check_granting(host, actor, draft, &row.grants)?;
            require_welcome(draft, &row.invitee, &row.grants)?;
        }
        InvitationKind::Ownership { .. } => super::offer_ownership::require_owner(host, actor, draft)?,
    }
    require_rate(draft, actor)?;
    end_if_due(host.model, draft, id)?;
    end_due(host.model, draft)?;
    let open = open_at_places(draft, &row.invitee, &row.grants)?;
    let others = open.iter().map(|open| open.id).filter(|open| *open != id).collect::<Vec<_>>();
    for other in others {
        end_if_due(host.model, draft, other)?;
    }
    let open = open_at_places(draft, &row.invitee, &row.grants)?;
    let other = open.iter().find(|open| open.id != id);
    let place = other
        .map_or(Ok(()), |other| Err(AlreadyInvited { invitation: other.id, expires_at: other.expires_at }));
    draft.rule("CON-3", place.map_err(ResendRefused::from))?;
    let expires_at =
        expiry(host.model, organization(draft)?, draft.now(), asked).map_err(ResendRefused::from)?;
    let revived = !draft.invitation(id)?.is_some_and(|row| row.is_open());
    let seat = match (&row.kind, revived) {
        (InvitationKind::Ownership { .. }, _) => None,
        (_, false) => row.seat.clone(),
        (_, true) => reserve(host.model, draft, &row.invitee, &row.grants)?,
    };
    let nonce = Nonce::from_bytes(draft.entropy().take()?);
    if seat != row.seat {
        draft.emit(Event::SeatReserved { id, seat: seat.clone() });
    }
    draft.emit(Event::InvitationResent { id, nonce, expires_at });
    if revived {
        require_pending(draft)?;
        require_seat(draft, seat.as_ref())?;
    }
    draft.queue(DeliveryKind::Invitation, id)?;
    Ok(expires_at)
}

#[cfg(test)]
mod tests {
    use std::format;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_two_others_at_its_places_when_reviving_then_the_pending_one_is_found_behind_the_expired_one_con_3()
     {
        let mut world = World::new();
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        let both = [in_group("member", "blue"), in_group("member", "red")];
        let both = Invite::new("bob@example.com", both).expires_at(soon);
        let both = world.ok(both, &by("ada")).invitations().next().unwrap();
        world.wait(TimeDelta::hours(1));
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        world.ok(Invite::new("bob@example.com", in_group("member", "blue")).expires_at(soon), &by("ada"));
        let red = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        // Longer past their expiry than the one in `blue`, so that it is not among those loaded as due.
        for position in 0..70 {
            let soon = Expiry::At(world.now + TimeDelta::minutes(1));
            let other = Invite::new(address(&format!("{position}@example.com")), Grant::role("member"));
            world.ok(other.expires_at(soon), &by("ada"));
        }
        world.wait(TimeDelta::hours(1));
        let refusal = world.run(Resend::new(both), &by("ada")).unwrap_err();
        assert!(matches!(refusal, ResendRefused::AlreadyInvited(why) if *why.invitation() == red));
    }
}
