//! Create an organization.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::check_settings;
use crate::operation::sealed::Sealed;
use crate::refusal::{OrganizationExists, UnknownSeatClass, refused};
use crate::seats::seat_of;
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
    CreateOrganizationRefused: OrganizationExists, InvalidSettings, UnknownSeatClass
}

impl Sealed for CreateOrganization {}

impl Operation for CreateOrganization {
    type Outcome = OrganizationCreated;
    type Refusal = CreateOrganizationRefused;
    const NAME: &'static str = "create-organization";

    fn reads(&self, _actor: &Actor) -> Reads {
        Reads::new().member(self.owner.clone())
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
        let member = Member {
            user: self.owner.clone(),
            email: None,
            seat: seat_of(host.model, &grants),
            grants,
            joined_by: JoinedBy::Creating,
            joined_at: draft.now(),
            metadata: Metadata::new(),
        };
        draft.emit(Event::MemberJoined { member: Box::new(member) });
        Ok(OrganizationCreated { owner: self.owner.clone() })
    }
}

/// Requires that a plan names seat classes that the model declares (SEA-4).
pub(super) fn check_plan(model: &AccessModel, plan: &Plan) -> Result<(), UnknownSeatClass> {
    let unknown = plan.seats.keys().find(|class| !model.seat_classes().any(|known| known == *class));
    unknown.map_or(Ok(()), |class| Err(UnknownSeatClass { class: class.clone() }))
}
