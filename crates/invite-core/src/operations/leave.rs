//! Leave an organization.

use serde::{Deserialize, Serialize};

use super::join::end_open_for;
use super::remove_members::{Settled, TheirInvitations, reads_of_sent, settle_sent};
use crate::operation::sealed::Sealed;
use crate::refusal::{UnknownMember, refused};
use crate::rules::require_not_closed;
use crate::{Actor, Draft, Event, Host, Operation, Reads, Stop, UserId};

/// Leaves the organization. Anybody may, but for the last owner (B7, AUT-8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leave {
    user: UserId,
    their_invitations: TheirInvitations,
}

impl Leave {
    /// This user.
    #[must_use]
    pub fn new(user: UserId) -> Self {
        Self { user, their_invitations: TheirInvitations::default() }
    }

    /// What becomes of the invitations that they made. They cannot be handed over: there is nobody who does it.
    #[must_use]
    pub fn their_invitations(mut self, choice: TheirInvitations) -> Self {
        self.their_invitations = choice;
        self
    }
}

/// What came of leaving.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Left {
    /// Who left.
    pub user: UserId,
    /// What became of their invitations.
    pub settled: Settled,
}

refused! {
    /// Why somebody could not leave.
    LeaveRefused: OrganizationClosed, UnknownMember, LastOwner, TooManySent
}

impl Sealed for Leave {}

impl Operation for Leave {
    type Outcome = Left;
    type Refusal = LeaveRefused;
    const NAME: &'static str = "leave";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new().person(self.user.clone());
        reads.extend(reads_of_sent(self.their_invitations, core::slice::from_ref(&self.user)));
        reads
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
        require_not_closed(draft)?;
        let unknown = UnknownMember { user: self.user.clone() };
        let member = draft.member(&self.user)?.cloned().ok_or(LeaveRefused::from(unknown))?;
        if member.is_owner() {
            super::require_another_owner::<LeaveRefused>(draft)?;
        }
        let actor = Actor::User(self.user.clone());
        draft.emit_as(actor.clone(), Event::MemberLeft { user: self.user.clone() });
        end_open_for::<LeaveRefused>(draft, &member)?;
        let settled = settle_sent(host, &actor, draft, &self.user, self.their_invitations)?;
        Ok(Left { user: self.user.clone(), settled })
    }
}
