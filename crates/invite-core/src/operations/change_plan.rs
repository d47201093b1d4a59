//! Change the plan.

use serde::{Deserialize, Serialize};

use super::create_organization::check_plan;
use super::{SeatUse, seat_use};
use crate::operation::sealed::Sealed;
use crate::refusal::{HostOnly, refused};
use crate::rules::{organization, require_not_closed};
use crate::{Actor, Draft, Event, Host, Operation, Plan, Reads, Stop};

/// Changes the plan: for the host's billing, as the system.
///
/// A plan below present use removes nobody; further joins are refused (SEA-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangePlan {
    plan: Plan,
}

impl ChangePlan {
    /// To this plan.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self { plan }
    }
}

/// What came of changing the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanChanged {
    /// The seats under the new plan.
    pub seats: alloc::vec::Vec<SeatUse>,
}

refused! {
    /// Why the plan was not changed.
    ChangePlanRefused: HostOnly, OrganizationClosed, UnknownSeatClass
}

impl Sealed for ChangePlan {}

impl Operation for ChangePlan {
    type Outcome = PlanChanged;
    type Refusal = ChangePlanRefused;
    const NAME: &'static str = "change-plan";

    fn reads(&self, _actor: &Actor) -> Reads {
        Reads::new()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_not_closed(draft)?;
        if *actor != Actor::System {
            return Err(Stop::Refused(HostOnly {}.into()));
        }
        check_plan(host.model, &self.plan).map_err(ChangePlanRefused::from)?;
        if organization::<ChangePlanRefused>(draft)?.plan != self.plan {
            draft.emit(Event::PlanChanged { plan: self.plan.clone() });
        }
        Ok(PlanChanged { seats: seat_use(host.model, organization(draft)?) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_members_when_the_plan_is_lowered_below_them_then_nobody_goes_and_nobody_comes_sea_5() {
        let mut world = World::with(team_of(2));
        world.add("bob", Grant::role("member"));
        world.add("eve", Grant::role("member"));
        let changed = world.ok(ChangePlan::new(team_of(1)), &Actor::System);
        assert_eq!((changed.seats[0].used, changed.seats[0].left()), (2, Some(0)));
        let invite = Invite::new("dan@example.com", Grant::role("member"));
        assert_eq!(world.run(invite.clone(), &by("ada")).unwrap_err().code(), "no-seat-left");
        world.ok(RemoveMembers::many([user("bob"), user("eve")]), &by("ada"));
        world.ok(invite, &by("ada"));
    }

    #[test]
    fn given_another_seat_policy_when_changed_then_reservations_stay_until_their_invitations_end() {
        let mut world = World::with(team_of(1));
        let bob = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        world.ok(ChangePlan::new(team_of(1).seat_policy(SeatPolicy::TakeOnAccept)), &Actor::System);
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 1));
        world.ok(Revoke::one(bob), &by("ada"));
        assert_eq!(world.seats("team"), (0, 0));
    }

    #[test]
    fn given_the_same_plan_when_changed_then_it_is_no_fact() {
        let mut world = World::with(team_of(1));
        let before = world.events();
        world.ok(ChangePlan::new(team_of(1)), &Actor::System);
        assert_eq!(world.events(), before);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ChangePlanRefused", include_str!("change_plan.rs"));
        let mut world = World::new();
        cases.refused(
            "given an owner, when changing the plan, then that is the host's",
            "HostOnly",
            world.run(ChangePlan::new(roomy()), &by("ada")),
        );
        cases.refused(
            "given a class that nobody declared, when changed, then it is unknown (SEA-4)",
            "UnknownSeatClass",
            world.run(ChangePlan::new(Plan::seats("gold", 1)), &Actor::System),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when changed, then never (LIF-8)",
            "OrganizationClosed",
            world.run(ChangePlan::new(roomy()), &Actor::System),
        );
        cases.are_all_but(&[]);
    }
}
