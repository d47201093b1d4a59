//! Leave an organization.

use serde::{Deserialize, Serialize};

use super::decline::Block;
use super::join::{end_open_for, names_of};
use super::remove_members::{Settled, TheirInvitations, reads_of_sent, settle_sent};
use crate::operation::sealed::Sealed;
use crate::refusal::{NotPermitted, UnknownMember, refused};
use crate::rules::{require_active, require_not_closed_to};
use crate::seats::end_access_if_due;
use crate::{
    Actor, Draft, Event, Host, Operation, Permission, Reads, RevokedBecause, Stop, SuppressionKind, UserId,
};

/// Leaves the organization. Anybody may but the last owner (B7, AUT-8), and nobody for somebody else but the host.
///
/// Who is suspended stays until they are restored or removed: who left could come back by a link or a verified domain,
/// and be suspended no more (AUT-7). Only the host takes them out.
///
/// Out of a closed organization the host alone takes people, its last owner too (F22).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Leave {
    user: UserId,
    their_invitations: TheirInvitations,
    block: Block,
}

impl Leave {
    /// This user.
    #[must_use]
    pub fn new(user: UserId) -> Self {
        Self { user, their_invitations: TheirInvitations::default(), block: Block::No }
    }

    /// What becomes of the invitations that they made. There is nobody to hand them over to:
    /// [`TheirInvitations::HandOver`] revokes them.
    #[must_use]
    pub fn their_invitations(mut self, choice: TheirInvitations) -> Self {
        self.their_invitations = choice;
        self
    }

    /// Whether they want to be invited again (F11). Whoever leaves is not included again in any case (C3).
    #[must_use]
    pub fn block(mut self, block: Block) -> Self {
        self.block = block;
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
    LeaveRefused: NotPermitted, OrganizationClosed, UnknownMember, MemberSuspended, LastOwner, TooManySent
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
        match self.block {
            Block::No => 4,
            Block::Organization => 8,
        }
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_not_closed_to(actor, draft)?;
        let own = actor.user().is_none_or(|user| *user == self.user);
        let removing = || NotPermitted {
            permission: Permission::REMOVE,
            roles: host.model.roles_with(&Permission::REMOVE),
        };
        draft.require("C6", own, || LeaveRefused::from(removing()))?;
        end_access_if_due(host.model, draft, &self.user)?;
        let unknown = UnknownMember { user: self.user.clone() };
        let member = draft.member(&self.user)?.cloned().ok_or(LeaveRefused::from(unknown))?;
        require_active::<LeaveRefused>(draft, member.is_active() || actor.user().is_none())?;
        if member.is_active_owner() {
            super::require_another_owner::<LeaveRefused>(draft)?;
        }
        draft.act_as(&self.user);
        draft.emit(Event::MemberLeft { user: self.user.clone() });
        if self.block == Block::Organization {
            let kind = SuppressionKind::Invitations;
            for invitee in names_of(&member) {
                if draft.suppressed_since(&invitee, kind)?.is_none() {
                    draft.emit(Event::Suppressed { invitee, kind });
                }
            }
        }
        end_open_for(draft, &member, RevokedBecause::InviteeRemoved)?;
        let choice = match self.their_invitations {
            TheirInvitations::Keep => TheirInvitations::Keep,
            TheirInvitations::Revoke | TheirInvitations::HandOver => TheirInvitations::Revoke,
        };
        let settled = settle_sent(host, actor, draft, &self.user, choice)?;
        Ok(Left { user: self.user.clone(), settled })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_member_when_leaving_then_they_are_gone_and_what_was_open_for_them_ends_b7_lif_7c() {
        let mut world = World::with(team_of(2));
        world.add("bob", Grant::role("member"));
        let by_address = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        let by_user = world.invite(user("bob"), in_group("member", "blue"), &by("ada"));
        let before = world.events();
        world.ok(Leave::new(user("bob")), &Actor::System);
        assert!(world.member("bob").is_none());
        assert_eq!(world.seats("team"), (0, 0));
        let ended = [by_address, by_user].map(|id| world.invitation(id).ended.clone().unwrap().0);
        assert_eq!(ended[0], Ending::Revoked { because: RevokedBecause::InviteeRemoved });
        assert_eq!(ended[1], ended[0]);
        assert_eq!(world.kinds_since(before), ["member-left", "invitation-revoked", "invitation-revoked"]);
        assert!(world.rows().events[before..].iter().all(|record| record.actor == by("bob")));
        // LIF-7: and the same person can be invited again.
        world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
    }

    #[test]
    fn given_a_member_when_leaving_with_a_block_then_neither_of_their_names_is_invited_until_undone_f11_c3() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let before = world.events();
        world.ok(Leave::new(user("bob")).block(Block::Organization), &by("bob"));
        assert_eq!(world.kinds_since(before), ["member-left", "suppressed", "suppressed"]);
        for invitee in [Invitee::User(user("bob")), address("bob@example.com").into()] {
            let invite = Invite::new(InviteeEntry::new(invitee), Grant::role("member"));
            assert_eq!(world.run(invite, &by("ada")).unwrap_err().code(), "blocked");
        }
        world.ok(Unblock::new(person("bob"), SuppressionKind::Invitations), &by("bob"));
        world.invite("bob@example.com", Grant::role("member"), &by("ada"));
    }

    #[test]
    fn given_open_invitations_of_their_own_when_leaving_then_they_stay_or_end_as_chosen_aut_5() {
        let table = [
            (TheirInvitations::Keep, 0, 2),
            (TheirInvitations::Revoke, 2, 0),
            (TheirInvitations::HandOver, 2, 0),
        ];
        for (choice, revoked, open) in table {
            let mut world = World::new();
            world.add("eve", Grant::role("admin"));
            world.ok(Invite::new("a@example.com, b@example.com", Grant::role("member")), &by("eve"));
            for actor in [by("eve"), Actor::System] {
                let mut world = world.clone();
                let left = world.ok(Leave::new(user("eve")).their_invitations(choice), &actor);
                assert_eq!((left.settled.revoked, left.settled.handed_over), (revoked, 0), "{choice:?}");
                assert_eq!(world.rows().open().count(), open, "{choice:?}");
            }
        }
    }

    #[test]
    fn given_somebody_suspended_when_leaving_to_come_back_then_they_stay_and_only_the_host_takes_them_out_aut_7()
     {
        let mut world = World::suspended();
        let link = world.make_link(LinkSettings::new("All", Grant::role("client")));
        let refusal = world.run(Leave::new(user("bob")), &by("bob")).unwrap_err();
        assert_eq!((refusal.code(), refusal.rule()), ("member-suspended", "AUT-7"));
        assert!(refusal.remedy().contains("restore"));
        assert_eq!(world.join_by(link, "bob").unwrap_err().code(), "member-suspended");
        assert!(world.member("bob").is_some_and(|bob| !bob.is_active()));
        world.ok(Leave::new(user("bob")), &Actor::System);
        assert!(world.member("bob").is_none());
    }

    #[test]
    fn given_a_closed_organization_when_the_host_takes_everybody_out_then_the_last_owner_goes_too_f22() {
        let mut world = World::with(team_of(2));
        world.add("bob", Grant::role("admin"));
        world.invite("eve@example.com", Grant::role("member"), &by("bob"));
        world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        world.make_link(LinkSettings::new("All", Grant::role("client")));
        world.ok(ChangeStatus::Close, &by("ada"));
        for id in ["bob", "ada"] {
            assert_eq!(world.run(Leave::new(user(id)), &by(id)).unwrap_err().code(), "organization-closed");
            let leave = Leave::new(user(id)).their_invitations(TheirInvitations::Revoke);
            let settled = world.ok(leave, &Actor::System).settled;
            assert_eq!(settled.revoked, 0, "it had ended with the organization");
        }
        let counts = &world.organization().counts;
        assert_eq!((counts.members, counts.owners, counts.pending, counts.links), (0, 0, 0, 0));
        assert_eq!(world.seats("team"), (0, 0));
        assert!(!world.ok(Tidy::new(9), &Actor::System).more, "and nothing is left over");
    }

    #[test]
    fn given_two_owners_when_both_leave_then_the_last_one_stays_aut_8() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada"));
        world.ok(Accept::inbox(offer.invitation, stranger("bob")), &by("bob"));
        world.ok(Leave::new(user("ada")), &by("ada"));
        assert_eq!(world.run(Leave::new(user("bob")), &by("bob")).unwrap_err().code(), "last-owner");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("LeaveRefused", include_str!("leave.rs"));
        let mut world = World::new();
        world.add("bob", Grant::role("admin"));
        cases.refused(
            "given a member, when somebody else says that they leave, then that is removing (C6)",
            "NotPermitted",
            world.run(Leave::new(user("ada")), &by("bob")),
        );
        cases.refused(
            "given one owner, when leaving, then the last one stays (AUT-8)",
            "LastOwner",
            world.run(Leave::new(user("ada")), &by("ada")),
        );
        cases.refused(
            "given no member, when leaving, then they are unknown",
            "UnknownMember",
            world.run(Leave::new(user("dan")), &by("dan")),
        );
        cases.refused(
            "given somebody suspended, when leaving, then they are to be restored before (AUT-7)",
            "MemberSuspended",
            World::suspended().run(Leave::new(user("bob")), &by("bob")),
        );
        let sent = (0..=Reads::MAX_SENT).map(|n| address(&std::format!("{n}@example.com")));
        let sent = sent.collect::<std::vec::Vec<_>>();
        for some in sent.chunks(1_000) {
            let some = some.iter().cloned().collect::<Invitees>();
            world.ok_unchecked(Invite::new(some, Grant::role("member")), &by("bob"));
        }
        cases.refused(
            "given more invitations than one command settles, when revoking them all, then they are too many",
            "TooManySent",
            world.run_unchecked(
                Leave::new(user("bob")).their_invitations(TheirInvitations::Revoke),
                &by("bob"),
            ),
        );
        let mut world = World::new();
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when leaving, then nothing goes on (LIF-8)",
            "OrganizationClosed",
            world.run(Leave::new(user("ada")), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
