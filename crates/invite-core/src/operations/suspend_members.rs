//! Suspend members.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::join::end_open_for;
use super::remove_members::{Settled, TheirInvitations, reads_of_sent, require_few, settle_sent_of_many};
use crate::operation::sealed::Sealed;
use crate::refusal::{OwnersOnly, UnknownMember, refused, refused_for_authority};
use crate::rules::{authority, require_active, require_not_closed};
use crate::seats::end_access_if_due;
use crate::{
    Actor, Draft, Event, Host, Member, Operation, Permission, Reads, Refusal, RevokedBecause, Stop, UserId,
};

/// Suspends one member or many, each decided for itself (STO-8).
///
/// Who is suspended keeps the membership and all that is granted, and may do nothing until they are restored: no
/// permission is held, nothing is accepted or joined, and what they sent is without an inviter who may grant it (AUT-4,
/// AUT-7). Their seats are free for others. What is open for them ends, as for somebody who is removed (LIF-7c).
///
/// Needs the permission and the authority that removing them needs. Owners are suspended by owners alone, and one who is
/// active remains (C6, AUT-8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuspendMembers {
    users: Vec<UserId>,
    their_invitations: TheirInvitations,
}

impl SuspendMembers {
    /// One member. If they cannot be suspended, the command is refused.
    #[must_use]
    pub fn one(user: UserId) -> Self {
        Self::many([user])
    }

    /// Many, with a result for each.
    pub fn many(users: impl IntoIterator<Item = UserId>) -> Self {
        Self { users: users.into_iter().collect(), their_invitations: TheirInvitations::default() }
    }

    /// What becomes of the invitations and links that they made (AUT-5).
    #[must_use]
    pub fn their_invitations(mut self, choice: TheirInvitations) -> Self {
        self.their_invitations = choice;
        self
    }
}

/// What came of suspending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembersSuspended {
    /// One for each, in the order given.
    pub results: Vec<SuspendResult>,
}

/// What came of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SuspendResult {
    /// Who.
    pub user: UserId,
    /// What became of their invitations.
    pub settled: Settled,
    /// Why they were not suspended; `None` if they were.
    pub refused: Option<SuspendMembersRefused>,
}

refused! {
    /// Why somebody was not suspended, or nobody.
    SuspendMembersRefused:
        NothingAsked, TooLarge, OrganizationClosed, UnknownMember, MemberSuspended, OwnersOnly, LastOwner, NotPermitted,
        NotGrantable, TooManySent
}
refused_for_authority!(SuspendMembersRefused);

impl Sealed for SuspendMembers {}

impl Operation for SuspendMembers {
    type Outcome = MembersSuspended;
    type Refusal = SuspendMembersRefused;
    const NAME: &'static str = "suspend-members";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor);
        reads.people.extend(self.users.iter().cloned());
        reads.extend(reads_of_sent(self.their_invitations, &self.users));
        reads
    }

    fn rows(&self) -> usize {
        4 * self.users.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_not_closed(draft)?;
        super::require_count(host.model, self.users.len())?;
        require_few::<SuspendMembersRefused>(self.their_invitations, self.users.len())?;
        let mut made = 0;
        let results = super::each(draft, &self.users, |draft, user| {
            self.suspend_one(host, actor, draft, user, &mut made)
        })?;
        let result = |(user, result): (&UserId, Result<Settled, _>)| {
            let (settled, refused) =
                result.map_or_else(|why| (Settled::default(), Some(why)), |settled| (settled, None));
            SuspendResult { user: user.clone(), settled, refused }
        };
        let results = self.users.iter().zip(results).map(result).collect();
        Ok(MembersSuspended { results })
    }
}

impl SuspendMembers {
    fn suspend_one(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        user: &UserId,
        made: &mut usize,
    ) -> Result<Settled, Stop<SuspendMembersRefused>> {
        end_access_if_due(host.model, draft, user)?;
        let unknown = UnknownMember { user: user.clone() };
        let member = draft.member(user)?.cloned().ok_or(SuspendMembersRefused::from(unknown))?;
        require_over_member::<SuspendMembersRefused>(host, actor, draft, &member)?;
        require_active::<SuspendMembersRefused>(draft, member.is_active())?;
        if member.is_owner() {
            super::require_another_owner::<SuspendMembersRefused>(draft)?;
        }
        draft.emit(Event::MemberSuspended { user: user.clone() });
        end_open_for(draft, &member, RevokedBecause::InviteeSuspended)?;
        settle_sent_of_many(host, actor, draft, user, self.their_invitations, made)
    }
}

/// Requires that whoever acts may suspend a member, and restore them: what removing needs, and for an owner to be one.
pub(super) fn require_over_member<R>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    member: &Member,
) -> Result<(), Stop<R>>
where
    R: Refusal + From<OwnersOnly> + From<crate::authority::Unmanageable>,
{
    let by = authority::<R>(host, draft, actor)?;
    if member.is_owner() {
        let owner = by.is_owner();
        return Ok(draft.require("C6", owner, || R::from(OwnersOnly {}))?);
    }
    let over = by.require_over(&Permission::REMOVE, &member.grants).map_err(R::from);
    Ok(draft.rule("AUT-1", over)?)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn suspend(id: &str) -> SuspendMembers {
        SuspendMembers::one(user(id))
    }

    fn codes(suspended: &MembersSuspended) -> Vec<Option<&'static str>> {
        suspended.results.iter().map(|result| result.refused.as_ref().map(Refusal::code)).collect()
    }

    /// `bob` is an owner beside `ada`.
    fn two_owners() -> World {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada"));
        world.ok(Accept::inbox(offer.invitation, stranger("bob")), &by("bob"));
        world
    }

    #[test]
    fn given_a_member_when_suspended_then_they_keep_what_they_hold_without_a_seat_and_may_nothing_aut_7() {
        let mut world = World::with(team_of(1));
        world.add("lea", Grant::role("lead"));
        let held = world.member("lea").unwrap().grants.clone();
        let before = world.events();
        world.ok(suspend("lea"), &by("ada"));
        assert_eq!(world.kinds_since(before), ["member-suspended"]);
        let lea = world.member("lea").unwrap();
        assert_eq!((&lea.grants, lea.status, lea.in_force()), (&held, MemberStatus::Suspended, None));
        assert_eq!((world.seats("team"), world.organization().counts.members), ((0, 0), 2));
        let invite = Invite::new("bob@example.com", Grant::role("client"));
        assert_eq!(world.run(invite, &by("lea")).unwrap_err().code(), "not-permitted");
        let again = world.run(suspend("lea"), &by("ada")).unwrap_err();
        assert_eq!(again.code(), "member-suspended");
        world.add("eve", Grant::role("member"));
        assert_eq!(world.seats("team"), (1, 0), "the seat is somebody else's");
    }

    #[test]
    fn given_somebody_suspended_when_coming_in_by_any_way_then_they_are_told_to_ask_aut_6_aut_7() {
        let mut world = World::new();
        world.by_links(["red"]);
        world.ok(
            ChangeGroup::new(group("red"), GroupSettings::named("Red").open_with(Access::role("client"))),
            &by("ada"),
        );
        let link = world.make_link(LinkSettings::new("Red", in_group("client", "red")));
        world.add("bob", Grant::role("client"));
        let elsewhere = world.invite("bob@work.example", in_group("client", "blue"), &by("ada"));
        world.ok(suspend("bob"), &by("ada"));
        let told = |refusal: &dyn Refusal| {
            assert_eq!((refusal.code(), refusal.rule()), ("member-suspended", "AUT-7"));
            assert!(refusal.remedy().contains("restore"));
        };
        let bob = person("bob").vouching(address("bob@work.example"));
        told(&world.run(Accept::inbox(elsewhere, bob), &by("bob")).unwrap_err());
        told(&world.join_by(link, "bob").unwrap_err());
        told(&world.run(JoinGroup::new(group("red"), person("bob")), &by("bob")).unwrap_err());
        let add = AddMembers::one(NewMember::new(user("bob"), in_group("client", "red")));
        told(&world.run(add, &by("ada")).unwrap_err());
        for invitee in [Invitee::User(user("bob")), address("bob@example.com").into()] {
            let invite = Invite::new(InviteeEntry::new(invitee), in_group("client", "red"));
            told(&world.run(invite, &by("ada")).unwrap_err());
        }
        let offer = OfferOwnership::new(user("bob"), FormerOwner::Stays);
        told(&world.run(offer, &by("ada")).unwrap_err());
        assert_eq!(world.state(elsewhere), InvitationState::Pending, "it waits for them (LIF-11)");
        assert_eq!(world.link(link).uses, 0);
    }

    #[test]
    fn given_a_preview_of_somebody_suspended_then_it_says_what_to_ask_for_f9() {
        let mut world = World::new();
        world.add("bob", Grant::role("client"));
        let link = world.make_link(LinkSettings::new("All", Grant::role("client")));
        let to_bob = world.invite("bob@work.example", in_group("client", "blue"), &by("ada"));
        world.ok(suspend("bob"), &by("ada"));
        let bob = || person("bob").vouching(address("bob@work.example"));
        for token in [world.link_token(link), world.token(to_bob, Purpose::Mailed)] {
            let preview = PreviewToken::new(token).by(bob());
            let draft = world.look(&preview.reads());
            let seen = preview.decide(&world.host(), &draft, AccountKnown::Unsaid).unwrap();
            assert_eq!(seen.next, Next::Suspended);
        }
    }

    #[test]
    fn given_what_is_open_for_a_member_when_suspended_then_it_ends_and_its_seat_is_free_lif_7c_sea_3() {
        let mut world = World::with(team_of(1));
        world.add("bob", Grant::role("client"));
        let red = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada")).invitation;
        let eves = world.invite("eve@example.com", Grant::role("client"), &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (1, 1)));
        world.ok(suspend("bob"), &by("ada"));
        for id in [red, offer] {
            let because = RevokedBecause::InviteeSuspended;
            assert_eq!(world.invitation(id).ended.as_ref().unwrap().0, Ending::Revoked { because });
        }
        assert_eq!(world.state(eves), InvitationState::Pending);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
    }

    #[test]
    fn given_what_expired_for_somebody_suspended_when_resent_then_it_is_refused_lif_3_aut_7() {
        let mut world = World::new();
        world.add("bob", Grant::role("client"));
        let red = world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada")).invitation;
        world.wait(TimeDelta::days(8));
        world.ok(suspend("bob"), &by("ada"));
        for id in [red, offer] {
            assert_eq!(world.state(id), InvitationState::Expired);
            assert_eq!(world.run(Resend::new(id), &by("ada")).unwrap_err().code(), "member-suspended");
        }
    }

    #[test]
    fn given_invitations_and_links_of_theirs_when_suspended_then_they_stay_end_or_move_with_counts_aut_5() {
        use TheirInvitations::{HandOver, Keep, Revoke};
        for (choice, invitations, links, may) in [
            (Keep, (0, 0), (0, 0), [false, true]),
            (Revoke, (1, 0), (1, 0), [false, false]),
            (HandOver, (0, 1), (0, 1), [true, true]),
        ] {
            let mut world = World::new();
            world.add("dan", Grant::role("admin"));
            let sent = world.invite("bob@example.com", Grant::role("member"), &by("dan"));
            let link =
                world.ok(CreateLink::new(LinkSettings::new("x", Grant::role("client"))), &by("dan")).link;
            let settled = world.ok(suspend("dan").their_invitations(choice), &by("ada")).results[0].settled;
            assert_eq!((settled.revoked, settled.handed_over), invitations, "{choice:?}");
            assert_eq!((settled.links_ended, settled.links_handed_over), links, "{choice:?}");
            let accepted = world.run(Accept::inbox(sent, person("bob")), &by("bob"));
            assert_eq!([accepted.is_ok(), world.join_by(link, "eve").is_ok()], may, "{choice:?}: AUT-4");
        }
    }

    #[test]
    fn given_an_inviter_who_is_restored_when_accepted_then_what_was_kept_is_good_again_aut_4() {
        let mut world = World::new();
        world.add("dan", Grant::role("admin"));
        let sent = world.invite("bob@example.com", Grant::role("member"), &by("dan"));
        world.ok(suspend("dan"), &by("ada"));
        let accept = || Accept::inbox(sent, person("bob"));
        assert_eq!(world.run(accept(), &by("bob")).unwrap_err().code(), "inviter-no-longer-may");
        world.ok(RestoreMembers::one(user("dan")), &by("ada"));
        world.ok(accept(), &by("bob"));
    }

    #[test]
    fn given_two_owners_when_both_are_suspended_at_once_then_the_last_active_one_stays_aut_8() {
        let mut world = two_owners();
        let both = SuspendMembers::many(["ada", "bob"].map(user));
        assert_eq!(
            codes(&world.ok(both, &by("ada"))),
            [None, Some("owner-protected")],
            "who did it is none now"
        );
        let mut world = two_owners();
        let both = SuspendMembers::many(["bob", "ada"].map(user));
        assert_eq!(codes(&world.ok(both, &by("ada"))), [None, Some("last-owner")]);
        assert_eq!(world.organization().counts.owners, 1);
        assert_eq!(world.run(Leave::new(user("ada")), &by("ada")).unwrap_err().code(), "last-owner");
        let down = ChangeAccess::new(user("ada"), Grant::role("admin"));
        assert_eq!(world.run(down, &by("ada")).unwrap_err().code(), "last-owner");
    }

    #[test]
    fn given_an_owner_who_is_suspended_when_they_act_then_no_right_of_an_owner_is_left_c6() {
        let mut world = two_owners();
        let eve = || NewMember::new(user("eve"), Grant::role("member"));
        world.ok(AddMembers::one(eve()), &by("ada"));
        let offered = world.ok(OfferOwnership::new(user("eve"), FormerOwner::Stays), &by("bob")).invitation;
        world.ok(suspend("bob"), &by("ada"));
        let down = ChangeAccess::new(user("bob"), Grant::role("admin"));
        assert_eq!(world.run(down, &by("bob")).unwrap_err().code(), "member-suspended");
        assert_eq!(world.run(ChangeStatus::Close, &by("bob")).unwrap_err().code(), "not-permitted");
        assert_eq!(world.run(suspend("ada"), &by("bob")).unwrap_err().code(), "owner-protected");
        let accepted = world.run(Accept::inbox(offered, stranger("eve")), &by("eve"));
        assert_eq!(accepted.unwrap_err().code(), "inviter-no-longer-may");
        let remove = RemoveMembers::one(user("bob"));
        assert_eq!(
            world.run(remove, &by("ada")).unwrap_err().code(),
            "owner-protected",
            "nobody removes an owner"
        );
        assert_eq!(world.run(Leave::new(user("bob")), &by("bob")).unwrap_err().code(), "member-suspended");
        world.ok(Leave::new(user("bob")), &Actor::System);
        assert_eq!(world.organization().counts.owners, 1);
    }

    #[test]
    fn given_somebody_suspended_when_taken_out_by_the_host_removed_or_changed_then_that_works() {
        let mut world = World::with(team_of(0));
        for id in ["bob", "eve", "dan"] {
            world.add(id, Grant::role("client"));
            world.ok(suspend(id), &by("ada"));
        }
        world.ok(Leave::new(user("bob")), &Actor::System);
        world.ok(RemoveMembers::one(user("eve")), &by("ada"));
        // There is no seat for it, and none is taken until they are restored.
        let changed = world.ok(ChangeAccess::new(user("dan"), Grant::role("member")), &by("ada"));
        assert_eq!((changed.seat, world.seats("team")), (None, (0, 0)));
        let restore = RestoreMembers::one(user("dan"));
        assert_eq!(world.run(restore, &by("ada")).unwrap_err().code(), "no-seat-left");
        assert_eq!(world.rows().members.len(), 2);
    }

    #[test]
    fn given_a_closed_group_when_it_is_tidied_then_somebody_suspended_loses_it_and_takes_no_seat_lif_8() {
        let mut world = World::new();
        world.add("bob", [Grant::role("client"), in_group("member", "red")]);
        world.add("eve", in_group("member", "red"));
        world.ok(SuspendMembers::many(["bob", "eve"].map(user)), &by("ada"));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        world.ok(Tidy::new(10), &Actor::System);
        let bob = world.member("bob").unwrap();
        assert_eq!((bob.grants.len(), bob.status, &bob.seat), (1, MemberStatus::Suspended, &None));
        assert_eq!(world.member("eve"), None);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("SuspendMembersRefused", include_str!("suspend_members.rs"));
        let mut world = World::new();
        world.add("dan", Grant::role("admin"));
        world.add("lea", Grant::role("lead"));
        let mut refused = |world: &mut World, sentence, reason, suspend: SuspendMembers, actor: &str| {
            cases.refused(sentence, reason, world.run_unchecked(suspend, &by(actor)));
        };
        let nobody = SuspendMembers::many([]);
        refused(&mut world, "given nobody, then nothing is asked", "NothingAsked", nobody, "ada");
        let many = SuspendMembers::many((0..1_001_u64).map(UserId::from));
        refused(
            &mut world,
            "given more than a command takes, then they are too many",
            "TooLarge",
            many,
            "ada",
        );
        refused(&mut world, "given no member, then they are unknown", "UnknownMember", suspend("eve"), "ada");
        refused(&mut world, "given an owner, by an admin, then no (C6)", "OwnersOnly", suspend("ada"), "dan");
        refused(
            &mut world,
            "given the last owner, then they stay (AUT-8)",
            "LastOwner",
            suspend("ada"),
            "ada",
        );
        refused(&mut world, "given no right to, then it is missing", "NotPermitted", suspend("lea"), "bob");
        refused(
            &mut world,
            "given a role above one's own, then no (AUT-1)",
            "NotGrantable",
            suspend("dan"),
            "lea",
        );
        world.ok(suspend("lea"), &by("dan"));
        refused(&mut world, "given one who is, then they are", "MemberSuspended", suspend("lea"), "ada");
        world.ok_unchecked(ChangeStatus::Close, &by("ada"));
        refused(
            &mut world,
            "given a closed organization, then never",
            "OrganizationClosed",
            suspend("dan"),
            "ada",
        );
        let why = "more than a thousand open ones of one inviter: see the same case of removing";
        cases.are_all_but(&[("TooManySent", why)]);
    }
}
