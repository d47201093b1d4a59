//! Restore suspended members.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::suspend_members::require_over_member;
use super::{SeatUse, seat_use};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    MemberActive, UnknownMember, refused, refused_for_authority, refused_for_seats, refused_when_closed,
};
use crate::rules::{authority, organization, require_open};
use crate::seats::{end_access_if_due, end_due, require_seat, seat_of};
use crate::{Actor, Draft, Event, Host, Operation, Reads, Stop, UserId};

/// Restores one suspended member or many, each decided for itself (STO-8): they may do again what they hold.
///
/// Each takes the seat again that their grants need, if there is one (SEA-1). Needs what suspending them needs, and that
/// whoever acts may grant all that is in force again (AUT-2). Owners are restored by owners alone (C6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreMembers {
    users: Vec<UserId>,
}

impl RestoreMembers {
    /// One member. If they cannot be restored, the command is refused.
    #[must_use]
    pub fn one(user: UserId) -> Self {
        Self::many([user])
    }

    /// Many, with a result for each.
    pub fn many(users: impl IntoIterator<Item = UserId>) -> Self {
        Self { users: users.into_iter().collect() }
    }
}

/// What came of restoring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MembersRestored {
    /// One for each, in the order given.
    pub results: Vec<RestoreResult>,
    /// The organization's seats afterwards.
    pub seats: Vec<SeatUse>,
}

/// What came of one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RestoreResult {
    /// Who.
    pub user: UserId,
    /// Why they were not restored; `None` if they were.
    pub refused: Option<RestoreMembersRefused>,
}

refused! {
    /// Why somebody was not restored, or nobody.
    RestoreMembersRefused:
        NothingAsked, TooLarge, OrganizationSuspended, OrganizationClosed, UnknownMember, MemberActive, OwnersOnly,
        NotPermitted, NotGrantable, NoSeatLeft, SeatClassNotInPlan
}
refused_when_closed!(RestoreMembersRefused);
refused_for_authority!(RestoreMembersRefused);
refused_for_seats!(RestoreMembersRefused);

impl Sealed for RestoreMembers {}

impl Operation for RestoreMembers {
    type Outcome = MembersRestored;
    type Refusal = RestoreMembersRefused;
    const NAME: &'static str = "restore-members";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor).due();
        reads.people.extend(self.users.iter().cloned());
        reads
    }

    fn rows(&self) -> usize {
        2 * self.users.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        super::require_count(host.model, self.users.len())?;
        end_due(host.model, draft)?;
        let results = super::each(draft, &self.users, |draft, user| restore_one(host, actor, draft, user))?;
        let results = self.users.iter().cloned().zip(results);
        let results = results.map(|(user, result)| RestoreResult { user, refused: result.err() }).collect();
        Ok(MembersRestored { results, seats: seat_use(host.model, organization(draft)?) })
    }
}

fn restore_one(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    user: &UserId,
) -> Result<(), Stop<RestoreMembersRefused>> {
    end_access_if_due(host.model, draft, user)?;
    let unknown = UnknownMember { user: user.clone() };
    let member = draft.member(user)?.cloned().ok_or(RestoreMembersRefused::from(unknown))?;
    require_over_member::<RestoreMembersRefused>(host, actor, draft, &member)?;
    if !member.is_owner() {
        let by = authority::<RestoreMembersRefused>(host, draft, actor)?;
        let grantable = by.require_grantable(&member.grants).map_err(RestoreMembersRefused::from);
        draft.rule("AUT-2", grantable)?;
    }
    draft.require("AUT-7", !member.is_active(), || RestoreMembersRefused::from(MemberActive {}))?;
    let seat = seat_of(host.model, &member.grants);
    draft.emit(Event::MemberRestored { user: user.clone(), seat: seat.clone() });
    require_seat(draft, seat.as_ref())
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn restore(id: &str) -> RestoreMembers {
        RestoreMembers::one(user(id))
    }

    /// These are suspended members of a role.
    fn suspended<const N: usize>(world: &mut World, ids: [&str; N], role: &str) {
        for id in ids {
            world.add(id, Grant::role(role));
        }
        world.ok(SuspendMembers::many(ids.map(user)), &by("ada"));
    }

    #[test]
    fn given_seats_when_restored_then_each_takes_one_again_and_no_more_than_there_are_sea_1() {
        let mut world = World::with(team_of(3));
        suspended(&mut world, ["bob", "eve", "fay"], "member");
        world.add("gus", Grant::role("member"));
        world.ok(ChangePlan::new(team_of(2)), &Actor::System);
        let before = world.events();
        let all = RestoreMembers::many(["bob", "eve", "nobody", "gus", "bob"].map(user));
        let restored = world.ok(all, &by("ada"));
        let codes = restored.results.iter().map(|result| result.refused.as_ref().map(Refusal::code));
        let expected = [
            None,
            Some("no-seat-left"),
            Some("unknown-member"),
            Some("member-active"),
            Some("member-active"),
        ];
        assert_eq!(codes.collect::<Vec<_>>(), expected);
        assert_eq!(world.kinds_since(before), ["member-restored"]);
        assert_eq!((world.seats("team"), restored.seats[0].left()), ((2, 0), Some(0)));
        assert!(world.member("bob").unwrap().is_active());
        world.ok(RemoveMembers::one(user("gus")), &by("ada"));
        world.ok(restore("eve"), &by("ada"));
    }

    #[test]
    fn given_what_expired_when_restored_then_its_seat_is_there_sea_3() {
        let mut world = World::with(team_of(1));
        suspended(&mut world, ["bob"], "member");
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.run(restore("bob"), &by("ada")).unwrap_err().code(), "no-seat-left");
        world.wait(TimeDelta::days(7));
        world.ok(restore("bob"), &by("ada"));
        assert_eq!(world.seats("team"), (1, 0));
    }

    #[test]
    fn given_who_may_not_grant_it_when_restoring_then_it_is_refused_aut_2() {
        let mut world = World::new();
        suspended(&mut world, ["dan"], "admin");
        suspended(&mut world, ["bob"], "member");
        world.ok(ChangeAccess::new(user("bob"), Grant::role("member").adding("analytics.view")), &by("ada"));
        world.add("lea", Grant::role("lead"));
        for id in ["dan", "bob"] {
            assert_eq!(world.run(restore(id), &by("lea")).unwrap_err().code(), "not-grantable");
        }
        assert_eq!(world.run(restore("bob"), &by("bob")).unwrap_err().code(), "not-permitted", "nor oneself");
        world.ok(ChangeAccess::new(user("bob"), Grant::role("member")), &by("ada"));
        world.ok(restore("bob"), &by("lea"));
        world.ok(restore("dan"), &Actor::System);
    }

    #[test]
    fn given_an_owner_who_was_suspended_when_restored_by_an_owner_then_there_are_two_again_c6() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        world.add("dan", Grant::role("admin"));
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada"));
        world.ok(Accept::inbox(offer.invitation, stranger("bob")), &by("bob"));
        for (suspends, restores) in
            [(by("ada"), by("ada")), (by("bob"), by("ada")), (Actor::System, Actor::System)]
        {
            world.ok(SuspendMembers::one(user("bob")), &suspends);
            assert_eq!(world.organization().counts.owners, 1);
            for no in ["dan", "bob"] {
                assert_eq!(world.run(restore("bob"), &by(no)).unwrap_err().code(), "owner-protected");
            }
            world.ok(restore("bob"), &restores);
            assert_eq!(world.organization().counts.owners, 2);
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("RestoreMembersRefused", include_str!("restore_members.rs"));
        let mut world = World::with(team_of(1));
        suspended(&mut world, ["bob"], "member");
        suspended(&mut world, ["dan"], "admin");
        world.add("lea", Grant::role("lead").removing("posts.publish"));
        let mut refused = |world: &mut World, sentence, reason, restore: RestoreMembers, actor: &str| {
            cases.refused(sentence, reason, world.run(restore, &by(actor)));
        };
        let nobody = RestoreMembers::many([]);
        refused(&mut world, "given nobody, then nothing is asked", "NothingAsked", nobody, "ada");
        let many = RestoreMembers::many((0..1_001_u64).map(UserId::from));
        refused(
            &mut world,
            "given more than a command takes, then they are too many",
            "TooLarge",
            many,
            "ada",
        );
        refused(&mut world, "given no member, then they are unknown", "UnknownMember", restore("eve"), "ada");
        refused(
            &mut world,
            "given one who is active, then nothing to do",
            "MemberActive",
            restore("lea"),
            "ada",
        );
        refused(&mut world, "given an owner, by another, then no (C6)", "OwnersOnly", restore("ada"), "lea");
        refused(&mut world, "given no right to, then it is missing", "NotPermitted", restore("bob"), "eve");
        refused(
            &mut world,
            "given more than one's own, then no (AUT-2)",
            "NotGrantable",
            restore("dan"),
            "lea",
        );
        world.add("fay", Grant::role("member"));
        refused(&mut world, "given no seat, then none is left (SEA-1)", "NoSeatLeft", restore("bob"), "ada");
        world.ok(ChangePlan::new(Plan::new().and_seats("client", Limit::Unlimited)), &Actor::System);
        refused(
            &mut world,
            "given no such class, then none (SEA-4)",
            "SeatClassNotInPlan",
            restore("bob"),
            "ada",
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        refused(
            &mut world,
            "given a suspended organization, then not now",
            "OrganizationSuspended",
            restore("bob"),
            "ada",
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        refused(
            &mut world,
            "given a closed organization, then never",
            "OrganizationClosed",
            restore("bob"),
            "ada",
        );
        cases.are_all_but(&[]);
    }
}
