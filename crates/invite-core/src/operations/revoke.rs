//! Revoke invitations.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::authority::Unmanageable;
use crate::operation::sealed::Sealed;
use crate::refusal::{NotPending, UnknownInvitation, refused, refused_for_authority};
use crate::rules::{authority, organization};
use crate::seats::lower;
use crate::{
    Actor, Authority, Draft, Host, Invitation, InvitationId, InvitationKind, InvitationState, Operation,
    Permission, Reads, RevokedBecause, Stop,
};

/// Revokes one invitation or many: their links are dead at once (A4), each decided for itself (STO-8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revoke {
    invitations: Vec<InvitationId>,
}

impl Revoke {
    /// One invitation. If it cannot be revoked, the command is refused.
    #[must_use]
    pub fn one(invitation: InvitationId) -> Self {
        Self { invitations: alloc::vec![invitation] }
    }

    /// Many, with a result for each.
    pub fn many(invitations: impl IntoIterator<Item = InvitationId>) -> Self {
        Self { invitations: invitations.into_iter().collect() }
    }
}

/// What came of revoking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Revoked {
    /// One for each invitation, in the order given.
    pub results: Vec<RevokeResult>,
}

impl Revoked {
    /// How many were revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.results.iter().filter(|result| result.refused.is_none()).count()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What came of one invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RevokeResult {
    /// Which.
    pub invitation: InvitationId,
    /// Why it was not revoked; `None` if it was.
    pub refused: Option<RevokeRefused>,
}

refused! {
    /// Why an invitation was not revoked.
    RevokeRefused: NothingAsked, TooLarge, UnknownInvitation, NotPending, NotPermitted, NotGrantable
}
refused_for_authority!(RevokeRefused);

impl Sealed for Revoke {}

impl Operation for Revoke {
    type Outcome = Revoked;
    type Refusal = RevokeRefused;
    const NAME: &'static str = "revoke";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor);
        reads.invitations.extend(self.invitations.iter().copied());
        reads
    }

    fn rows(&self) -> usize {
        2 * self.invitations.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        organization::<RevokeRefused>(draft)?;
        super::require_count(host.model, self.invitations.len())?;
        let mut results = Vec::with_capacity(self.invitations.len());
        for (position, &invitation) in self.invitations.iter().enumerate() {
            draft.about(Some(position));
            let refused = match revoke_one(host, actor, draft, invitation) {
                Ok(()) => None,
                Err(Stop::Refused(reason)) if self.invitations.len() > 1 => Some(reason),
                Err(stop) => return Err(stop),
            };
            results.push(RevokeResult { invitation, refused });
        }
        Ok(Revoked { results })
    }
}

fn revoke_one(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    id: InvitationId,
) -> Result<(), Stop<RevokeRefused>> {
    let row = draft.invitation(id)?.ok_or(RevokeRefused::from(UnknownInvitation {}))?;
    let (invitee, state) = (row.invitee.clone(), row.state_at(draft.now()));
    let by = authority::<RevokeRefused>(host, draft, actor)?;
    let over = require_over_row(&by, &Permission::INVITE, row).map_err(RevokeRefused::from);
    draft.rule("AUT-1", over)?;
    let answer = if state == InvitationState::Pending { Ok(()) } else { Err(NotPending { state }) };
    draft.rule("LIF-1", answer.map_err(RevokeRefused::from))?;
    draft.revoke(id, RevokedBecause::Asked);
    lower(host.model, draft, &invitee)?;
    Ok(())
}

/// Requires authority over an invitation that somebody made: over every grant of it (AUT-1), or being an owner
/// for an offer of ownership.
pub(super) fn require_over_row(
    by: &Authority<'_>,
    permission: &Permission,
    row: &Invitation,
) -> Result<(), Unmanageable> {
    match row.kind {
        InvitationKind::Membership => by.require_over(permission, &row.grants),
        InvitationKind::Ownership { .. } if by.is_owner() => Ok(()),
        InvitationKind::Ownership { .. } => Err(super::offer_ownership::owners_only(permission).into()),
    }
}
