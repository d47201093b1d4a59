//! Decline an invitation.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::accept::{Claim, Principal, find, prove, reads_of};
use crate::operation::sealed::Sealed;
use crate::refusal::{NotPending, TooLarge, refused};
use crate::rules::require_not_closed;
use crate::seats::lower;
use crate::{
    Actor, Draft, Ending, Event, Host, InvitationId, InvitationState, Operation, Reads, RevokedBecause, Stop,
    SuppressionKind, Token,
};

/// Whether the invitee wants to be invited to the organization again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Block {
    /// Not this time; another time perhaps.
    #[default]
    No,
    /// Never again by this organization, until the invitee undoes it (F11). Ends all of its invitations to them.
    Organization,
}

/// Declines an invitation.
#[derive(Debug, Clone, Serialize)]
pub struct Decline {
    claim: Claim,
    principal: Principal,
    block: Block,
    reason: Option<String>,
}

impl Decline {
    /// By a token, out of a link.
    #[must_use]
    pub fn token(token: Token, principal: Principal) -> Self {
        Self { claim: Claim::Token(token), principal, block: Block::No, reason: None }
    }

    /// By its id, out of the principal's own inbox.
    #[must_use]
    pub fn inbox(invitation: InvitationId, principal: Principal) -> Self {
        Self { claim: Claim::Inbox(invitation), principal, block: Block::No, reason: None }
    }

    /// Whether they want to be invited again.
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.block = block;
        self
    }

    /// What the invitee says about it; stands in the event log.
    #[must_use]
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// What came of declining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Declined {
    /// The invitation.
    pub invitation: InvitationId,
    /// Further invitations of the same invitee that ended, because they blocked the organization.
    pub ended: Vec<InvitationId>,
}

refused! {
    /// Why an invitation was not declined.
    DeclineRefused:
        UnknownToken, UnknownInvitation, Superseded, NotPending, OrganizationClosed, WrongAccount, AddressNotVerified,
        TooLarge
}

impl Sealed for Decline {}

impl Operation for Decline {
    type Outcome = Declined;
    type Refusal = DeclineRefused;
    const NAME: &'static str = "decline";

    fn reads(&self, _actor: &Actor) -> Reads {
        reads_of(&self.claim, &self.principal)
    }

    fn rows(&self) -> usize {
        4
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        let row = find::<DeclineRefused>(host, draft, &self.claim)?;
        require_not_closed(draft)?;
        let cap = host.model.caps.message_bytes;
        if self.reason.as_ref().is_some_and(|reason| reason.len() > cap) {
            return Err(Stop::Refused(TooLarge::new("bytes of reason", cap).into()));
        }
        let state = row.state_at(draft.now());
        let pending = if state == InvitationState::Pending { Ok(()) } else { Err(NotPending { state }) };
        draft.rule("LIF-1", pending.map_err(DeclineRefused::from))?;
        prove::<DeclineRefused>(draft, &row, &self.claim, &self.principal)?;

        let user = self.principal.user().clone();
        let actor = Actor::User(user.clone());
        let (ending, reason) = (Ending::Declined { user }, self.reason.clone());
        draft.emit_as(actor.clone(), Event::InvitationEnded { id: row.id, ending, reason });
        let mut ended = Vec::new();
        if self.block == Block::Organization {
            let kind = SuppressionKind::Invitations;
            if draft.suppressed_since(&row.invitee, kind)?.is_none() {
                draft.emit_as(actor, Event::Suppressed { invitee: row.invitee.clone(), kind });
            }
            ended = draft.open_of(&row.invitee)?.map(|open| open.id).collect();
            for id in &ended {
                draft.revoke(*id, RevokedBecause::InviteeBlocked);
            }
        }
        lower(host.model, draft, &row.invitee)?;
        Ok(Declined { invitation: row.id, ended })
    }
}
