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
