//! Tidy: write down what time and status have already decided, a few rows at a time.

use core::convert::Infallible;

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::rules::organization;
use crate::seats::end_due;
use crate::{Actor, Draft, Host, Operation, OrganizationStatus, Reads, Stop};

/// Writes down that invitations expired, or ended with their organization. No decision needs it: each one
/// subtracts what is past its time, and so do lists. In a closed organization it also ends what lists still
/// show as pending there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tidy {
    limit: u32,
}

impl Tidy {
    /// At most so many invitations, and at most 1,000.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self { limit: limit.clamp(1, 1_000) }
    }
}

/// What came of tidying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tidied {
    /// How many invitations were ended.
    pub ended: usize,
    /// Whether there are more.
    pub more: bool,
}

impl Sealed for Tidy {}

impl Operation for Tidy {
    type Outcome = Tidied;
    type Refusal = Infallible;
    const NAME: &'static str = "tidy";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new();
        reads.due = self.limit;
        reads
    }

    fn rows(&self) -> usize {
        2 * self.limit as usize
    }

    fn decide(
        &self,
        host: &Host<'_>,
        _actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        organization::<Infallible>(draft)?;
        let ended = end_due(host.model, draft)?;
        let row = organization::<Infallible>(draft)?;
        // Where it was closed on this very draft, the rest was not due when it was loaded.
        let closed = row.status == OrganizationStatus::Closed && row.counts.pending > 0;
        Ok(Tidied { ended, more: closed || draft.has_more_due() })
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn world_with_expired(count: usize) -> World {
        let mut world = World::new();
        for position in 0..count {
            world.invite(address(&format!("{position}@example.com")), Grant::role("member"), &by("ada"));
        }
        world.wait(TimeDelta::days(7));
        world
    }

    #[test]
    fn given_expired_invitations_when_tidied_then_so_many_are_written_down_and_no_more() {
        let mut world = world_with_expired(5);
        assert_eq!(world.seats("team"), (0, 5), "nothing is written down yet");
        let tidied = world.ok(Tidy::new(3), &Actor::System);
        assert_eq!((tidied.ended, tidied.more), (3, true));
        let tidied = world.ok(Tidy::new(3), &by("ada"));
        assert_eq!((tidied.ended, tidied.more), (2, false));
        assert_eq!(world.seats("team"), (0, 0));
        let before = world.events();
        assert_eq!(world.ok(Tidy::new(3), &Actor::System).ended, 0);
        assert_eq!(world.events(), before);
        assert!(world.kinds_since(before - 5).iter().all(|kind| *kind == "invitation-expired"));
        assert_eq!(world.rows().events[before - 1].actor, Actor::System, "nobody asked for an expiry");
    }

    #[test]
    fn given_a_closed_organization_when_tidied_then_all_that_is_open_ends_lif_8() {
        let mut world = World::new();
        let never = Invite::new("a@example.com, b@example.com", Grant::role("member"));
        world.ok(never.expires_at(Expiry::Never), &by("ada"));
        world.ok(ChangeStatus::Close, &by("ada"));
        assert_eq!(world.ok(Tidy::new(1_000), &Actor::System).ended, 2);
        let because = RevokedBecause::OrganizationClosed;
        for row in world.rows().invitations.values() {
            assert_eq!(row.ended.as_ref().unwrap().0, Ending::Revoked { because });
        }
    }

    #[test]
    fn given_what_was_past_its_expiry_in_a_closed_organization_when_tidied_then_it_expired_lif_1() {
        let mut world = World::new();
        let bob = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        world.wait(TimeDelta::days(8));
        world.ok(ChangeStatus::Close, &by("ada"));
        world.ok(Tidy::new(9), &Actor::System);
        assert_eq!(world.state(bob), InvitationState::Expired);
    }

    #[test]
    fn given_a_close_just_before_when_tidied_in_the_same_batch_then_it_says_that_there_is_more() {
        let mut world = World::new();
        world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let (close, tidy) = (ChangeStatus::Close, Tidy::new(10));
        let (_, tidied) = world.both((close, &by("ada")), (tidy, &Actor::System));
        assert!(tidied.more);
        assert_eq!(world.ok(Tidy::new(10), &Actor::System).ended, 1);
    }

    #[test]
    fn given_a_raised_reservation_when_tidied_then_endings_alone_are_counted() {
        let mut world = World::new();
        world.ok(
            Invite::new("bob@example.com", in_group("client", "red")).expires_at(Expiry::Never),
            &by("ada"),
        );
        world.invite("bob@example.com", in_group("member", "blue"), &by("ada"));
        world.wait(TimeDelta::days(7));
        assert_eq!(world.ok(Tidy::new(10), &Actor::System).ended, 1);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
    }

    #[test]
    fn given_nothing_left_that_is_due_when_tidied_then_it_says_that_there_is_no_more() {
        let mut world = World::new();
        let never = Invite::new("bob@example.com", Grant::role("member")).expires_at(Expiry::Never);
        world.ok(never, &by("ada"));
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        world.wait(TimeDelta::days(7));
        let ended = |tidied: Tidied| (tidied.ended, tidied.more);
        assert_eq!(ended(world.ok(Tidy::new(9), &Actor::System)), (1, false), "what is pending is not due");
        world.ok(ChangeStatus::Close, &by("ada"));
        assert_eq!(ended(world.ok(Tidy::new(9), &Actor::System)), (1, false), "all is ended");
        assert_eq!(ended(world.ok(Tidy::new(9), &Actor::System)), (0, false));
    }

    #[test]
    fn given_no_organization_when_tidied_then_it_is_unknown() {
        let mut world = World::new();
        let tidied = world.attempt("other", &Tidy::new(1), &Actor::System);
        assert_eq!(tidied, Err(Stop::UnknownOrganization));
    }
}
