//! Edit a pending invitation.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::invite::check_granting;
use super::revoke::require_over_row;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, AlreadyMember, NotPending, UnknownInvitation, refused, refused_for_authority,
    refused_for_grants, refused_for_seats, refused_when_closed,
};
use crate::rules::{authority, expiry, open_at_places, organization, require_open};
use crate::seats::{end_due, end_if_due, lower, require_seat, reserve};
use crate::{
    Actor, Draft, Event, Expiry, Grants, Host, InvitationId, InvitationKind, InvitationState, Operation,
    Permission, Reads, Stop,
};

/// Changes what a pending invitation grants, or its expiry. The link stays the same.
///
/// Needs authority over what it grants now and over what it shall grant (AUT-1, AUT-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    invitation: InvitationId,
    grants: Option<Grants>,
    expires_at: Option<Expiry>,
}

impl Edit {
    /// This invitation.
    #[must_use]
    pub fn new(invitation: InvitationId) -> Self {
        Self { invitation, grants: None, expires_at: None }
    }

    /// What it grants from now on.
    #[must_use]
    pub fn grants(mut self, grants: impl Into<Grants>) -> Self {
        self.grants = Some(grants.into());
        self
    }

    /// When it ends from now on.
    #[must_use]
    pub fn expires_at(mut self, expiry: Expiry) -> Self {
        self.expires_at = Some(expiry);
        self
    }
}

/// What came of editing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edited {
    /// The invitation.
    pub invitation: InvitationId,
    /// What it grants now.
    pub grants: Grants,
    /// When it ends now.
    pub expires_at: Expiry,
}

refused! {
    /// Why an invitation was not edited.
    EditRefused:
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotPermitted, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, NotEntitled, TooLarge,
        AlreadyMember, AlreadyInvited, InvalidExpiry, NoSeatLeft, SeatClassNotInPlan
}
refused_when_closed!(EditRefused);
refused_for_grants!(EditRefused);
refused_for_authority!(EditRefused);
refused_for_seats!(EditRefused);

impl Sealed for Edit {}

impl Operation for Edit {
    type Outcome = Edited;
    type Refusal = EditRefused;
    const NAME: &'static str = "edit";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).invitation(self.invitation).due()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let id = self.invitation;
        let row = draft.invitation(id)?.cloned().ok_or(EditRefused::from(UnknownInvitation {}))?;
        let state = row.state_at(draft.now());
        let by = authority::<EditRefused>(host, draft, actor)?;
        let over = require_over_row(&by, &Permission::INVITE, &row).map_err(EditRefused::from);
        draft.rule("AUT-1", over)?;
        let pending = if state == InvitationState::Pending { Ok(()) } else { Err(NotPending { state }) };
        draft.rule("LIF-1", pending.map_err(EditRefused::from))?;

        let expires_at = match self.expires_at {
            None => row.expires_at,
            asked => {
                expiry(host.model, organization(draft)?, draft.now(), asked).map_err(EditRefused::from)?
            }
        };
        let grants = match (&self.grants, &row.kind) {
            (Some(grants), InvitationKind::Membership) => grants.clone(),
            _ => row.grants.clone(),
        };
        if grants != row.grants {
            check_granting(host, actor, draft, &grants)?;
            let holds_all = draft
                .member_of(&row.invitee)?
                .is_some_and(|member| grants.scopes().all(|scope| member.grants.access(scope).is_some()));
            draft
                .rule("IDN-10", if holds_all { Err(EditRefused::from(AlreadyMember {})) } else { Ok(()) })?;
            end_due(host.model, draft)?;
            let open = open_at_places(draft, &row.invitee, &grants)?;
            let others = open.iter().map(|open| open.id).filter(|open| *open != id).collect::<Vec<_>>();
            for other in others {
                end_if_due(host.model, draft, other)?;
            }
            let open = open_at_places(draft, &row.invitee, &grants)?;
            let other = open.iter().find(|open| open.id != id);
            let answer = other.map_or(Ok(()), |other| {
                Err(AlreadyInvited { invitation: other.id, expires_at: other.expires_at })
            });
            draft.rule("CON-3", answer.map_err(EditRefused::from))?;
        }
        if grants != row.grants || expires_at != row.expires_at {
            draft.emit(Event::InvitationEdited { id, grants: grants.clone(), expires_at });
        }
        if grants != row.grants {
            let seat = reserve(host.model, draft, &row.invitee, &grants)?;
            if draft.invitation(id)?.is_some_and(|now| now.seat != seat) {
                draft.emit(Event::SeatReserved { id, seat: seat.clone() });
            }
            if seat != row.seat {
                require_seat(draft, seat.as_ref())?;
            }
            lower(host.model, draft, &row.invitee)?;
        }
        Ok(Edited { invitation: id, grants, expires_at })
    }
}
