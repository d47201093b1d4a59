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
        let results = super::each(draft, &self.invitations, |draft, id| revoke_one(host, actor, draft, *id))?;
        let results = self.invitations.iter().zip(results);
        let results =
            results.map(|(&invitation, result)| RevokeResult { invitation, refused: result.err() }).collect();
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
    let pending = state == InvitationState::Pending;
    draft.require("LIF-1", pending, || RevokeRefused::from(NotPending { state }))?;
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    #[test]
    fn given_a_pending_one_when_revoked_then_its_links_are_dead_and_its_seat_is_free_a4_sea_3() {
        let mut world = World::with(team_of(1));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let links = [world.mail(id), world.copied(id)];
        world.ok(Revoke::one(id), &by("ada"));
        assert_eq!(world.seats("team"), (0, 0));
        for link in links {
            assert_eq!(
                world.run(Accept::token(link, person("bob")), &by("bob")).unwrap_err().code(),
                "revoked"
            );
        }
    }

    #[test]
    fn given_many_when_revoked_then_each_is_decided_for_itself_b8_sto_8() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        let mut one = |text: &str, role: &str| world.invite(text, Grant::role(role), &by("ada"));
        let (mine, above, last) =
            (one("a@example.com", "member"), one("b@example.com", "admin"), one("c@example.com", "client"));
        let nothing = InvitationId::from_parts(MIN_TIME, [0; 10]);
        let revoked = world.ok(Revoke::many([mine, above, nothing, mine, last]), &by("lea"));
        let codes = revoked.results.iter().map(|result| result.refused.as_ref().map(Refusal::code));
        let expected = [None, Some("not-grantable"), Some("unknown-invitation"), Some("revoked"), None];
        assert!(codes.eq(expected));
        assert_eq!((revoked.len(), revoked.is_empty()), (2, false));
        assert_eq!(world.state(above), InvitationState::Pending);
        assert!(world.ok(Revoke::many([mine, above]), &by("lea")).is_empty());
    }

    #[test]
    fn given_an_address_that_no_account_has_when_revoked_then_it_is_lif_7e() {
        let mut world = World::new();
        let id = world.invite("nobody@example.com", Grant::role("member"), &by("ada"));
        world.ok(ChangeStatus::Suspend, &by("ada"));
        world.ok(Revoke::one(id), &by("ada"));
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("RevokeRefused", include_str!("revoke.rs"));
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        let id = world.invite(BOB, Grant::role("admin"), &by("ada"));
        cases.refused(
            "given nothing, when revoked, then nothing is asked",
            "NothingAsked",
            world.run(Revoke::many([]), &by("ada")),
        );
        cases.refused(
            "given more than a command takes, when revoked, then they are too many (ABU-3)",
            "TooLarge",
            world.run(Revoke::many(std::iter::repeat_n(id, 1_001)), &by("ada")),
        );
        cases.refused(
            "given an id of nothing, when revoked, then it is unknown",
            "UnknownInvitation",
            world.run(Revoke::one(InvitationId::from_parts(MIN_TIME, [0; 10])), &by("ada")),
        );
        cases.refused(
            "given no member, when revoking, then a permission is missing (AUT-1)",
            "NotPermitted",
            world.run(Revoke::one(id), &by("eve")),
        );
        cases.refused(
            "given a role beyond one's own, when revoking, then it is not theirs (AUT-1)",
            "NotGrantable",
            world.run(Revoke::one(id), &by("lea")),
        );
        world.wait(TimeDelta::days(7));
        cases.refused(
            "given an expired one, when revoked, then it is over (LIF-1)",
            "NotPending",
            world.run(Revoke::one(id), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
