//! The operations, one a file: the command, what it reads, its outcome, its refusal, its decision.

mod accept;
mod add_members;
mod approve;
mod ask;
mod change_access;
mod change_group;
mod change_group_status;
mod change_plan;
mod change_settings;
mod change_status;
mod change_verified_domains;
mod copy_link;
mod create_group;
mod create_link;
mod create_organization;
mod decline;
mod deny;
mod edit;
mod edit_link;
mod erase;
mod include;
mod invite;
mod invitees;
mod join;
mod join_domain;
mod join_group;
mod join_link;
mod leave;
mod look;
mod offer_ownership;
mod preview;
mod propose;
mod remind;
mod remove_members;
mod resend;
mod restore_members;
mod revoke;
mod show_link;
mod suspend_members;
mod switch_link;
mod tidy;
mod unblock;
mod withdraw;

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

pub use accept::*;
pub use add_members::*;
pub use approve::*;
pub use ask::*;
pub use change_access::*;
pub use change_group::*;
pub use change_group_status::*;
pub use change_plan::*;
pub use change_settings::*;
pub use change_status::*;
pub use change_verified_domains::*;
pub use copy_link::*;
pub use create_group::*;
pub use create_link::*;
pub use create_organization::*;
pub use decline::*;
pub use deny::*;
pub use edit::*;
pub use edit_link::*;
pub use erase::*;
pub use include::*;
pub use invite::*;
pub use invitees::*;
pub use join_domain::*;
pub use join_group::*;
pub use join_link::*;
pub use leave::*;
pub use look::*;
pub use offer_ownership::*;
pub use preview::*;
pub use propose::*;
pub use remind::*;
pub use remove_members::*;
pub use resend::*;
pub use restore_members::*;
pub use revoke::*;
pub use show_link::*;
pub use suspend_members::*;
pub use switch_link::*;
pub use tidy::*;
pub use unblock::*;
pub use withdraw::*;

pub(crate) use join::end_open_for;

use crate::refusal::{LastOwner, NothingAsked, Refusal, TooLarge};
use crate::rules::organization;
use crate::{AccessModel, Draft, Limit, Organization, OrganizationStatus, SeatClass, SeatCount, Stop};

/// Seats of one class: taken, and as many as the plan has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SeatUse {
    /// The class.
    pub class: SeatClass,
    /// Taken by members.
    pub used: u32,
    /// Reserved by invitees.
    pub reserved: u32,
    /// The plan's limit; `None` when the plan does not name the class, which means that it has none (SEA-4).
    pub limit: Option<Limit>,
}

impl SeatUse {
    /// How many are left; `None` without a limit.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        let taken = SeatCount { used: self.used, reserved: self.reserved }.taken();
        self.limit.map_or(Some(0), |limit| limit.left(taken))
    }
}

/// An organization's seats by class, the highest class first.
#[must_use]
pub fn seat_use(model: &AccessModel, organization: &Organization) -> Vec<SeatUse> {
    let row = |class: &SeatClass| {
        let SeatCount { used, reserved } = organization.counts.seat(class);
        SeatUse { class: class.clone(), used, reserved, limit: organization.plan.seat_limit(class) }
    };
    model.seat_classes().map(row).collect()
}

/// Decides about each of several, in order. One that is refused leaves no trace among the others, and its reason is kept; one
/// alone is refused as the whole command is.
fn each<T, O, R>(
    draft: &mut Draft,
    several: &[T],
    mut decide: impl FnMut(&mut Draft, &T) -> Result<O, Stop<R>>,
) -> Result<Vec<Result<O, R>>, Stop<R>> {
    let mut results = Vec::with_capacity(several.len());
    for (position, one) in several.iter().enumerate() {
        draft.about(Some(position));
        let mark = draft.mark();
        results.push(match decide(draft, one) {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Refused(reason)) if several.len() > 1 => {
                draft.roll_back(mark);
                Err(reason)
            }
            Err(stop) => return Err(stop),
        });
    }
    draft.about(None);
    Ok(results)
}

/// Requires that a command names something, and no more than it may (ABU-3).
fn require_count<R>(model: &AccessModel, count: usize) -> Result<(), Stop<R>>
where
    R: Refusal + From<NothingAsked> + From<TooLarge>,
{
    match count {
        0 => Err(Stop::Refused(NothingAsked {}.into())),
        _ if count > model.caps.items => Err(Stop::Refused(TooLarge::new("items", model.caps.items).into())),
        _ => Ok(()),
    }
}

/// Requires that an owner remains beside the one who goes or steps down (AUT-8). A closed organization needs none.
fn require_another_owner<R: Refusal + From<LastOwner>>(draft: &mut Draft) -> Result<(), Stop<R>> {
    let row = organization::<R>(draft)?;
    let fine = row.counts.owners > 1 || row.status == OrganizationStatus::Closed;
    Ok(draft.require("AUT-8", fine, || R::from(LastOwner {}))?)
}

#[cfg(test)]
mod tests {
    use std::format;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn seats_that_are_left_are_those_of_the_plan_that_nobody_took_or_reserved_sea_3() {
        let mut world = World::with(team_of(5));
        world.add("amy", Grant::role("member"));
        world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        world.invite("eve@example.com", Grant::role("client"), &by("ada"));
        let seats = seat_use(&world.model, world.organization());
        let left = seats.iter().map(|seat| (seat.class.as_str(), seat.left())).collect::<std::vec::Vec<_>>();
        assert_eq!(left, [("team", Some(3)), ("client", None)]);
        let gone = SeatUse { limit: None, ..seats[1].clone() };
        assert_eq!(gone.left(), Some(0), "a class that the plan does not name has none (SEA-4)");
    }

    #[test]
    fn as_many_items_as_the_cap_says_are_taken_and_no_more_abu_3() {
        let caps = Caps { items: 2, ..Caps::default() };
        let mut world = World::of(model().caps(caps), roomy());
        let member = |id: &str| NewMember::new(user(id), Grant::role("member"));
        world.ok(AddMembers::many([member("a"), member("b")]), &by("ada"));
        let refused = world.run(AddMembers::many(["c", "d", "e"].map(member)), &by("ada")).unwrap_err();
        assert!(matches!(refused, AddMembersRefused::TooLarge(_)), "{refused:?}");
    }

    /// What a command counts, and two for each fact that it made: a record and the row that it is about.
    fn counted<O: Operation>(world: &mut World, operation: O, actor: &Actor) -> (usize, usize) {
        let (counted, before) = (operation.rows(), world.events());
        world.ok(operation, actor);
        (counted, 2 * (world.events() - before))
    }

    #[test]
    fn given_the_usual_case_when_a_command_is_performed_then_it_counted_its_facts_and_their_rows() {
        let ids = ["bob", "cid", "dan"];
        let member = || Grant::role("member");
        let mut world = World::new();
        let open = ids.map(|id| world.invite(address(&format!("{id}@example.com")), member(), &by("ada")));
        let mut members = World::new();
        for id in ids {
            members.add(id, member());
            members.invite(user(id), in_group("member", "red"), &by("ada"));
        }
        let mut expired = World::of(model().request_expiry(chrono::TimeDelta::minutes(30)), roomy());
        let old = expired.invite("old@example.com", member(), &by("ada"));
        expired.ok(Revoke::one(old), &by("ada"));
        let asked = expired.make_link(LinkSettings::new("Asked", Grant::role("client")).by_request());
        let old = expired.ask_by(asked, "old").unwrap();
        expired.ok(Withdraw::new(old), &by("old"));
        let day = chrono::TimeDelta::days(1);
        expired.wait(day);
        expired.by_links(["red"]);
        expired.make_link(LinkSettings::new("Red", in_group("client", "red")));
        expired.verify([("example.org", VerifiedDomain::joins(in_group("client", "red")))]);
        expired.add("bob", in_group("member", "red"));
        expired.add("gil", in_group("client", "blue"));
        expired.ask_by(asked, "dan").unwrap();
        expired.wait(chrono::TimeDelta::minutes(1));
        expired.ok(AskToJoin::group(group("red"), person("gil")), &by("gil"));
        expired.invite(address("cid@example.com"), in_group("member", "red"), &by("ada"));
        expired.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        let soon = Expiry::At(expired.now + chrono::TimeDelta::hours(1));
        expired.ok(Invite::new("eve@example.com", member()).expires_at(soon), &by("ada"));
        expired.add("fay", member().until(expired.now + chrono::TimeDelta::hours(1)));
        expired.wait(chrono::TimeDelta::hours(1));
        let mut linked = World::new();
        let link = linked.make_link(LinkSettings::new("Clients", Grant::role("client")));
        let token = linked.link_token(link);
        let many =
            ids.iter().fold(person("bob"), |bob, id| bob.vouching(address(&format!("{id}@work.example"))));
        let block = || Decline::inbox(open[0], many.clone()).block(Block::Organization);
        let mut blocked = world.clone();
        blocked.ok(block(), &by("bob"));
        let new = ids.map(|id| NewMember::new(user(id), member()));
        let founded = CreateOrganization::new(Settings::named("Acme"), user("ada"), roomy());
        for (sentence, (counted, written)) in [
            ("one accepts", counted(&mut world.clone(), Accept::inbox(open[0], person("bob")), &by("bob"))),
            ("three are added", counted(&mut world.clone(), AddMembers::many(new), &by("ada"))),
            ("one with five names declines and blocks", counted(&mut world.clone(), block(), &by("bob"))),
            (
                "one with five names unblocks",
                counted(&mut blocked, Unblock::new(many.clone(), SuppressionKind::Invitations), &by("bob")),
            ),
            ("one who is invited leaves", counted(&mut members.clone(), Leave::new(user("bob")), &by("bob"))),
            (
                "three who are invited are removed",
                counted(&mut members.clone(), RemoveMembers::many(ids.map(user)), &by("ada")),
            ),
            ("three are revoked", counted(&mut world.clone(), Revoke::many(open), &by("ada"))),
            (
                "one of each is tidied",
                counted(&mut expired, Tidy::new(1).retention(Some(day)), &Actor::System),
            ),
            ("one joins by a link", counted(&mut linked, JoinByLink::new(token, person("new")), &by("new"))),
            ("an organization is created", counted(&mut World::empty(world.model), founded, &Actor::System)),
        ] {
            assert_eq!(counted, written, "{sentence}");
        }
    }
}
