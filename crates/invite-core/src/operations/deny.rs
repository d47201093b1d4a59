//! Deny join requests.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::approve::require_decidable;
use super::ask::require_words;
use crate::operation::sealed::Sealed;
use crate::refusal::{UnknownRequest, refused, refused_for_authority};
use crate::rules::require_not_closed;
use crate::{Actor, Draft, Event, Host, Operation, Reads, RequestEnding, RequestId, Stop};

/// Denies one join request or many, each decided for itself (STO-8).
///
/// Needs [`Permission::INVITE`](crate::Permission::INVITE) in every scope and the right to grant every role of it, as revoking does (AUT-1); never one's own request (AUT-9), which can be withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deny {
    requests: Vec<RequestId>,
    reason: Option<String>,
}

impl Deny {
    /// One request. If it cannot be denied, the command is refused.
    #[must_use]
    pub fn one(request: RequestId) -> Self {
        Self { requests: alloc::vec![request], reason: None }
    }

    /// Many, with a result for each.
    pub fn many(requests: impl IntoIterator<Item = RequestId>) -> Self {
        Self { requests: requests.into_iter().collect(), reason: None }
    }

    /// Why, for whoever asked to read.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// What came of denying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Denied {
    /// One for each request, in the order given.
    pub results: Vec<DenyResult>,
}

impl Denied {
    /// How many were denied.
    #[must_use]
    pub fn len(&self) -> usize {
        self.results.iter().filter(|result| result.refused.is_none()).count()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DenyResult {
    /// Which.
    pub request: RequestId,
    /// Why it was not denied; `None` if it was.
    pub refused: Option<DenyRefused>,
}

refused! {
    /// Why a request was not denied.
    DenyRefused:
        NothingAsked, TooLarge, ForbiddenCharacter, OrganizationClosed, UnknownRequest, NotPermitted, NotGrantable,
        OwnRequest, RequestNotPending
}
refused_for_authority!(DenyRefused);

impl Sealed for Deny {}

impl Operation for Deny {
    type Outcome = Denied;
    type Refusal = DenyRefused;
    const NAME: &'static str = "deny";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor);
        reads.requests.extend(self.requests.iter().copied());
        reads
    }

    fn rows(&self) -> usize {
        2 * self.requests.len()
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_not_closed(draft)?;
        super::require_count(host.model, self.requests.len())?;
        require_words(draft, [("reason", &self.reason, host.model.caps.message_bytes)])?;
        let results = super::each(draft, &self.requests, |draft, id| self.deny_one(host, actor, draft, *id))?;
        let results = self.requests.iter().zip(results);
        let results =
            results.map(|(&request, result)| DenyResult { request, refused: result.err() }).collect();
        Ok(Denied { results })
    }
}

impl Deny {
    fn deny_one(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        id: RequestId,
    ) -> Result<(), Stop<DenyRefused>> {
        let row = draft.request(id)?.cloned().ok_or(DenyRefused::from(UnknownRequest {}))?;
        require_decidable::<DenyRefused>(host, actor, draft, &row)?;
        let ending = RequestEnding::Denied { by: actor.clone(), reason: self.reason.clone() };
        draft.emit(Event::RequestEnded { id, ending });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_many_when_denied_then_each_has_its_result_and_those_who_asked_may_ask_again_b8_lif_7() {
        let mut world = World::new();
        let link = world.make_link(LinkSettings::new("Clients", Grant::role("client")).by_request());
        let ids = ["bob", "cid"].map(|who| world.ask_by(link, who).unwrap());
        let nothing = RequestId::from_parts(world.now, [0; 10]);
        let denied = world.ok(Deny::many([ids[0], nothing, ids[1]]).because("we are full"), &by("ada"));
        assert_eq!((denied.len(), denied.is_empty()), (2, false));
        assert!(matches!(denied.results[1].refused, Some(DenyRefused::UnknownRequest(_))));
        let (ending, _) = world.request(ids[1]).ended.clone().unwrap();
        assert_eq!(ending, RequestEnding::Denied { by: by("ada"), reason: Some("we are full".into()) });
        world.ask_by(link, "bob").unwrap();
        assert!(world.ok(Deny::many([nothing, nothing]), &by("ada")).is_empty());
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("DenyRefused", include_str!("deny.rs"));
        let mut world = World::of(model().caps(Caps { items: 1, ..Caps::default() }), roomy());
        let link = world.make_link(LinkSettings::new("Clients", Grant::role("client")).by_request());
        let id = world.ask_by(link, "bob").unwrap();
        let mut tried = |sentence: &str, reason: &str, deny: Deny, actor: &str| {
            cases.refused(sentence, reason, world.run(deny, &by(actor)));
        };
        tried("given none, then nothing is asked", "NothingAsked", Deny::many([]), "ada");
        tried(
            "given more than at once, then they are too many (ABU-3)",
            "TooLarge",
            Deny::many([id, id]),
            "ada",
        );
        tried(
            "given a bell in the reason, then no (MAI-2)",
            "ForbiddenCharacter",
            Deny::one(id).because("\u{7}"),
            "ada",
        );
        tried("given a member without the right, then not (AUT-1)", "NotPermitted", Deny::one(id), "bob");
        let nothing = RequestId::from_parts(chrono::DateTime::UNIX_EPOCH, [0; 10]);
        tried("given no such request, then it is unknown", "UnknownRequest", Deny::one(nothing), "ada");
        world.add("lea", Grant::role("lead").adding(Permission::PROPOSE));
        let own = world.propose(address("eve@example.com"), Grant::role("client"), "lea");
        cases.refused(
            "given one's own proposal, then it can be withdrawn (AUT-9)",
            "OwnRequest",
            world.run(Deny::one(own), &by("lea")),
        );
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        let admin = world.propose(address("fay@example.com"), Grant::role("admin"), "mia");
        cases.refused(
            "given a role that one may not grant, then it is not one's to deny (AUT-1)",
            "NotGrantable",
            world.run(Deny::one(admin), &by("lea")),
        );
        world.ok(Deny::one(id), &by("lea"));
        cases.refused(
            "given one that was denied, then it is over (LIF-1)",
            "RequestNotPending",
            world.run(Deny::one(id), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then there is nothing to decide (LIF-8)",
            "OrganizationClosed",
            world.run(Deny::one(own), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
