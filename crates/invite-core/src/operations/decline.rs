//! Decline an invitation.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::accept::{Claim, Principal, find, prove, reads_of};
use crate::operation::sealed::Sealed;
use crate::refusal::{ForbiddenCharacter, NotPending, TooLarge, refused};
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
    /// Further invitations of the same principal that ended, because they blocked the organization.
    pub ended: Vec<InvitationId>,
}

refused! {
    /// Why an invitation was not declined.
    DeclineRefused:
        UnknownToken, UnknownInvitation, Superseded, NotPending, OrganizationClosed, WrongAccount, AddressNotVerified,
        TooLarge, ForbiddenCharacter
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
        4 + 2 * self.principal.vouched().len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        draft.act_as(self.principal.user());
        let row = find::<DeclineRefused>(host, draft, &self.claim, &self.principal)?;
        require_not_closed(draft)?;
        let cap = host.model.caps.message_bytes;
        if self.reason.as_ref().is_some_and(|reason| reason.len() > cap) {
            return Err(Stop::Refused(TooLarge::new("bytes of reason", cap).into()));
        }
        let typed = ForbiddenCharacter::in_none_of([("reason", self.reason.as_ref())]);
        draft.rule("MAI-2", typed.map_err(DeclineRefused::from))?;
        let state = row.state_at(draft.now());
        let pending = state == InvitationState::Pending;
        draft.require("LIF-1", pending, || DeclineRefused::from(NotPending { state }))?;
        prove::<DeclineRefused>(draft, &row, &self.claim, &self.principal)?;

        let user = self.principal.user().clone();
        let (ending, reason) = (Ending::Declined { user }, self.reason.clone());
        draft.emit(Event::InvitationEnded { id: row.id, ending, reason });
        let mut ended = Vec::new();
        if self.block == Block::Organization {
            // Every name of theirs, or they would be invited again by another.
            let names = self.principal.invitees().chain([row.invitee.clone()]).collect::<BTreeSet<_>>();
            for invitee in names {
                let kind = SuppressionKind::Invitations;
                if draft.suppressed_since(&invitee, kind)?.is_none() {
                    draft.emit(Event::Suppressed { invitee: invitee.clone(), kind });
                }
                let open = draft.open_of(&invitee)?.map(|open| open.id).collect::<Vec<_>>();
                for id in open {
                    if draft.revoke(id, RevokedBecause::InviteeBlocked) {
                        ended.push(id);
                    }
                }
            }
        }
        lower(host.model, draft, &row.invitee)?;
        Ok(Declined { invitation: row.id, ended })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    #[test]
    fn given_an_invitation_when_declined_then_seat_and_place_are_free_and_bob_can_be_invited_again_lif_7_sea_3()
     {
        let mut world = World::with(team_of(1));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let before = world.events();
        let decline = Decline::inbox(id, person("bob")).reason("not now");
        assert!(world.ok(decline, &Actor::System).ended.is_empty());
        assert_eq!(world.invitation(id).ended.as_ref().unwrap().0, Ending::Declined { user: user("bob") });
        assert_eq!(world.rows().events[before].data.reason.as_deref(), Some("not now"));
        assert_eq!(world.rows().events[before].actor, by("bob"));
        assert_eq!(world.seats("team"), (0, 0));
        world.invite(BOB, Grant::role("member"), &by("ada"));
    }

    #[test]
    fn given_two_classes_for_one_person_when_the_higher_is_declined_then_the_lower_stays_reserved_sea_3() {
        for declines_higher in [true, false] {
            let mut world = World::with(team_of(1));
            let lower = world.invite(BOB, in_group("client", "red"), &by("ada"));
            let higher = world.invite(BOB, in_group("member", "blue"), &by("ada"));
            assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (0, 0)));
            let (declined, stays) = if declines_higher { (higher, (0, 0)) } else { (lower, (0, 1)) };
            world.ok(Decline::inbox(declined, person("bob")), &by("bob"));
            assert_eq!(world.seats("team"), stays);
            assert_eq!(world.seats("client").1 + world.seats("team").1, 1);
        }
    }

    #[test]
    fn given_a_mailed_link_and_no_account_address_when_declined_then_the_link_proves_it_as_for_accept() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let (mailed, copied) = (world.mail(id), world.copied(id));
        let refusal = world.run(Decline::token(copied, stranger("bob")), &by("bob")).unwrap_err();
        assert_eq!(refusal.code(), "address-not-verified");
        world.ok(Decline::token(mailed, stranger("bob")), &by("bob"));
    }

    #[test]
    fn given_several_names_when_blocking_then_none_of_them_is_invited_or_added_until_undone_f11_c3() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let other = world.invite(BOB, in_group("member", "red"), &by("ada"));
        let users = world.invite(user("bob"), in_group("member", "red"), &by("ada"));
        let decline = Decline::inbox(id, person("bob")).block(Block::Organization);
        let mut ended = world.ok(decline, &by("bob")).ended;
        ended.sort();
        assert_eq!(ended, [other, users]);
        let because = RevokedBecause::InviteeBlocked;
        assert_eq!(world.invitation(other).ended.as_ref().unwrap().0, Ending::Revoked { because });

        let invites = |world: &mut World| {
            let address = world.run(Invite::new(BOB, Grant::role("member")), &by("ada"));
            let user = world.run(Invite::new(user("bob"), Grant::role("member")), &by("ada"));
            [address.is_ok(), user.is_ok()]
        };
        assert_eq!(invites(&mut world), [false, false]);
        let add = AddMembers::one(NewMember::new(user("bob"), Grant::role("member")));
        assert_eq!(world.run(add, &Actor::System).unwrap_err().code(), "blocked");
        world.ok(Unblock::new(person("bob"), SuppressionKind::Invitations), &by("bob"));
        assert_eq!(invites(&mut world), [true, true]);
    }

    #[test]
    fn given_another_one_past_its_expiry_when_blocking_then_it_expired_and_is_not_told_lif_1() {
        let mut world = World::new();
        let short = Invite::new(BOB, in_group("member", "red"))
            .expires_at(Expiry::At(world.now + TimeDelta::hours(1)));
        let old = world.ok(short, &by("ada")).invitations().next().unwrap();
        let bob = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.wait(TimeDelta::hours(1));
        let decline = Decline::inbox(bob, person("bob")).block(Block::Organization);
        assert_eq!(world.ok(decline, &by("bob")).ended, []);
        assert_eq!(world.state(old), InvitationState::Expired);
    }

    #[test]
    fn given_a_reason_when_declined_then_it_may_be_as_long_as_the_cap_says_abu_3() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let reason = "x".repeat(world.model.caps.message_bytes);
        world.ok(Decline::inbox(id, person("bob")).reason(reason.clone()), &by("bob"));
        assert_eq!(world.rows().events.last().unwrap().data.reason, Some(reason));
    }

    #[test]
    fn given_a_suspended_organization_when_declined_then_nothing_stands_in_the_way() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.ok(ChangeStatus::Suspend, &by("ada"));
        world.ok(Decline::inbox(id, person("bob")), &by("bob"));
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("DeclineRefused", include_str!("decline.rs"));
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let stale = world.mail(id);
        world.ok(Resend::new(id), &by("ada"));
        cases.refused(
            "given a newer mail, when declined by an older link, then it says so",
            "Superseded",
            world.run(Decline::token(stale, person("bob")), &by("bob")),
        );
        let other = world.token(id, Purpose::Unsubscribe);
        cases.refused(
            "given a token of another purpose, when declined, then it is unknown (TOK-5)",
            "UnknownToken",
            world.run(Decline::token(other, person("bob")), &by("bob")),
        );
        cases.refused(
            "given an id out of another inbox, when declined, then it is unknown",
            "UnknownInvitation",
            world.run(Decline::inbox(id, person("eve")), &by("eve")),
        );
        let token = world.mail(id);
        cases.refused(
            "given a link for somebody else, when declined, then it is the wrong account",
            "WrongAccount",
            world.run(Decline::token(token, person("eve")), &by("eve")),
        );
        let token = world.copied(id);
        cases.refused(
            "given a copied link, when declined with no address, then nothing is verified",
            "AddressNotVerified",
            world.run(Decline::token(token, stranger("bob")), &by("bob")),
        );
        let long = "x".repeat(world.model.caps.message_bytes + 1);
        cases.refused(
            "given a long reason, when declined, then it is too large (ABU-3)",
            "TooLarge",
            world.run(Decline::inbox(id, person("bob")).reason(long), &by("bob")),
        );
        cases.refused(
            "given a reason with a control character, when declined, then it is forbidden (MAI-2)",
            "ForbiddenCharacter",
            world.run(Decline::inbox(id, person("bob")).reason("no\0"), &by("bob")),
        );
        let mut closed = world.clone();
        closed.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when declined, then it is no longer valid (LIF-8)",
            "OrganizationClosed",
            closed.run(Decline::inbox(id, person("bob")), &by("bob")),
        );
        world.wait(TimeDelta::days(7));
        cases.refused(
            "given an expired invitation, when declined, then it is over (LIF-1)",
            "NotPending",
            world.run(Decline::inbox(id, person("bob")), &by("bob")),
        );
        cases.are_all_but(&[]);
    }
}
