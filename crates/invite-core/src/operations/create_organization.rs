//! Create an organization.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::check_settings;
use crate::operation::sealed::Sealed;
use crate::refusal::{OrganizationExists, UnknownSeatClass, refused, refused_for_seats};
use crate::seats::{require_seat, seat_of};
use crate::{
    AccessModel, Actor, Draft, Event, Grant, Grants, Host, JoinedBy, Member, Metadata, Operation, Plan,
    Reads, RoleName, Settings, Stop, UserId,
};

/// Creates an organization, with its first owner (F22).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateOrganization {
    settings: Settings,
    owner: UserId,
    plan: Plan,
}

impl CreateOrganization {
    /// An organization of a name, with an owner and a plan.
    #[must_use]
    pub fn new(settings: Settings, owner: UserId, plan: Plan) -> Self {
        Self { settings, owner, plan }
    }
}

/// What came of creating an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OrganizationCreated {
    /// Its owner.
    pub owner: UserId,
}

refused! {
    /// Why an organization was not created.
    CreateOrganizationRefused: OrganizationExists, InvalidSettings, UnknownSeatClass, NoSeatLeft, SeatClassNotInPlan
}
refused_for_seats!(CreateOrganizationRefused);

impl Sealed for CreateOrganization {}

impl Operation for CreateOrganization {
    type Outcome = OrganizationCreated;
    type Refusal = CreateOrganizationRefused;
    const NAME: &'static str = "create-organization";

    fn reads(&self, _actor: &Actor) -> Reads {
        Reads::new().member(self.owner.clone())
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
        if draft.organization().is_some() {
            return Err(Stop::Refused(OrganizationExists {}.into()));
        }
        check_settings(host.model, &self.settings).map_err(CreateOrganizationRefused::from)?;
        check_plan(host.model, &self.plan).map_err(CreateOrganizationRefused::from)?;
        draft.emit(Event::OrganizationCreated { plan: self.plan.clone(), settings: self.settings.clone() });
        let grants = Grants::from(Grant::role(RoleName::OWNER));
        let seat = seat_of(host.model, &grants);
        let member = Member {
            user: self.owner.clone(),
            status: crate::MemberStatus::Active,
            email: None,
            seat: seat.clone(),
            grants,
            joined_by: JoinedBy::Creating,
            joined_at: draft.now(),
            metadata: Metadata::new(),
        };
        draft.emit(Event::MemberJoined { member: Box::new(member) });
        require_seat(draft, seat.as_ref())?;
        Ok(OrganizationCreated { owner: self.owner.clone() })
    }
}

/// Requires that a plan names seat classes that the model declares (SEA-4).
pub(super) fn check_plan(model: &AccessModel, plan: &Plan) -> Result<(), UnknownSeatClass> {
    let unknown = plan.seats.keys().find(|class| !model.seat_classes().any(|known| known == *class));
    unknown.map_or(Ok(()), |class| Err(UnknownSeatClass { class: class.clone() }))
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn create(plan: Plan) -> CreateOrganization {
        CreateOrganization::new(Settings::named("Acme Ltd"), user("ada"), plan)
    }

    #[test]
    fn given_nothing_when_created_then_there_is_one_owner_and_no_seat_taken_f22() {
        let mut world = World::empty(model().build().unwrap());
        let created = world.ok(create(Plan::new()), &Actor::System);
        assert_eq!(created.owner, user("ada"));
        let Counts { members, owners, pending, groups, links, requests, seats } =
            &world.organization().counts;
        assert_eq!((members, owners, pending, seats.len()), (&1, &1, &0, 0));
        assert_eq!((groups, links, requests), (&0, &0, &0));
        assert_eq!(world.kinds_since(0), ["organization-created", "member-joined"]);
    }

    #[test]
    fn given_owners_who_take_seats_when_created_then_the_owner_takes_one_sea_1() {
        let model = model().owner_seat(OwnerSeat::Counted).build().unwrap();
        let mut world = World::empty(model);
        world.ok(create(team_of(1)), &Actor::System);
        assert_eq!(world.seats("team"), (1, 0));
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("CreateOrganizationRefused", include_str!("create_organization.rs"));
        let mut world = World::new();
        cases.refused(
            "given an organization, when it is created again, then it exists",
            "OrganizationExists",
            world.run(create(roomy()), &Actor::System),
        );
        let mut world = World::empty(model().owner_seat(OwnerSeat::Counted).build().unwrap());
        let nameless = CreateOrganization::new(Settings::named(" "), user("ada"), roomy());
        cases.refused(
            "given no name, when created, then the settings are not valid",
            "InvalidSettings",
            world.run(nameless, &Actor::System),
        );
        cases.refused(
            "given a plan with a class that nobody declared, when created, then the class is unknown",
            "UnknownSeatClass",
            world.run(create(roomy().and_seats("gold", Limit::Unlimited)), &Actor::System),
        );
        cases.refused(
            "given an owner who takes a seat and a plan without one, when created, then none is left (SEA-1)",
            "NoSeatLeft",
            world.run(create(team_of(0)), &Actor::System),
        );
        cases.refused(
            "given a plan that does not name the owner's class, when created, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            world.run(create(Plan::new()), &Actor::System),
        );
        cases.are_all_but(&[]);
    }
}
