//! Withdraw a join request.

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{RequestNotPending, UnknownRequest, refused};
use crate::rules::require_not_closed_to;
use crate::{Actor, Draft, Event, Host, Operation, Reads, RequestEnding, RequestId, RequestState, Stop};

/// Takes a join request back: whoever made it may, or the host for them. In a closed organization the host alone does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Withdraw {
    request: RequestId,
}

impl Withdraw {
    /// This request.
    #[must_use]
    pub fn new(request: RequestId) -> Self {
        Self { request }
    }
}

/// What came of withdrawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Withdrawn {
    /// The request.
    pub request: RequestId,
}

refused! {
    /// Why a request was not withdrawn. One of somebody else is unknown (PRI-1).
    WithdrawRefused: OrganizationClosed, UnknownRequest, RequestNotPending
}

impl Sealed for Withdraw {}

impl Operation for Withdraw {
    type Outcome = Withdrawn;
    type Refusal = WithdrawRefused;
    const NAME: &'static str = "withdraw";

    fn reads(&self, _actor: &Actor) -> Reads {
        Reads::new().request(self.request)
    }

    fn decide(
        &self,
        _host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_not_closed_to(actor, draft)?;
        let row = draft.request(self.request)?;
        let own = row.filter(|row| actor.user().is_none_or(|user| *user == row.by));
        let row = own.cloned().ok_or(WithdrawRefused::from(UnknownRequest {}));
        let row = draft.rule("AUT-9", row)?;
        let state = row.state_at(draft.now());
        let pending = state == RequestState::Pending;
        draft.require("LIF-1", pending, || WithdrawRefused::from(RequestNotPending { state }))?;
        draft.emit(Event::RequestEnded { id: row.id, ending: RequestEnding::Withdrawn });
        Ok(Withdrawn { request: row.id })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_closed_organization_when_the_host_takes_a_request_back_then_it_is_f22() {
        let mut world = World::new();
        let link = world.make_link(LinkSettings::new("Clients", Grant::role("client")).by_request());
        let id = world.ask_by(link, "bob").unwrap();
        world.ok(ChangeStatus::Close, &by("ada"));
        assert_eq!(world.run(Withdraw::new(id), &by("bob")).unwrap_err().code(), "organization-closed");
        world.ok(Withdraw::new(id), &Actor::System);
        assert_eq!(world.request(id).stored_state(), RequestState::Withdrawn);
        assert_eq!(world.organization().counts.requests, 0);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("WithdrawRefused", include_str!("withdraw.rs"));
        let mut world = World::new();
        let link = world.make_link(LinkSettings::new("Clients", Grant::role("client")).by_request());
        let id = world.ask_by(link, "bob").unwrap();
        cases.refused(
            "given a request of somebody else, then it is unknown, to an owner too (PRI-1)",
            "UnknownRequest",
            world.run(Withdraw::new(id), &by("ada")),
        );
        let mut other = world.clone();
        other.ok(Withdraw::new(id), &Actor::System);
        world.ok(Withdraw::new(id), &by("bob"));
        assert_eq!(world.request(id).stored_state(), RequestState::Withdrawn);
        cases.refused(
            "given a request that was taken back, then it is over (LIF-1)",
            "RequestNotPending",
            world.run(Withdraw::new(id), &by("bob")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        let again = world.rows().requests.len();
        assert_eq!(again, 1);
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then there is nothing to do",
            "OrganizationClosed",
            world.run(Withdraw::new(id), &by("bob")),
        );
        cases.are_all_but(&[]);
    }
}
