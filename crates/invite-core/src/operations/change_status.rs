//! Suspend, resume and close an organization.

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{HostOnly, NotSuspended, refused, refused_when_closed};
use crate::rules::{authority, organization, require_not_closed, require_open};
use crate::{Actor, Draft, Event, Host, Operation, OrganizationStatus, Permission, Reads, Scope, Stop};

/// Changes whether an organization works (LIF-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeStatus {
    /// Nothing is sent or accepted until it is resumed. Invitations stay, and go on expiring.
    Suspend,
    /// It works again. What the host itself suspended, the host alone resumes (F22); it may suspend also what is suspended
    /// by a member.
    Resume,
    /// It ends, and everything pending in it. Final.
    Close,
}

/// What came of changing the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatusChanged {
    /// The status from now on.
    pub status: OrganizationStatus,
}

refused! {
    /// Why the status was not changed.
    ChangeStatusRefused: NotPermitted, HostOnly, OrganizationSuspended, OrganizationClosed, NotSuspended
}
refused_when_closed!(ChangeStatusRefused);

impl Sealed for ChangeStatus {}

impl Operation for ChangeStatus {
    type Outcome = StatusChanged;
    type Refusal = ChangeStatusRefused;
    const NAME: &'static str = "change-status";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        let needed = match self {
            Self::Suspend | Self::Resume => Permission::MANAGE,
            Self::Close => Permission::CLOSE,
        };
        let permitted = authority(host, draft, actor)?.require(&needed, &Scope::Organization);
        draft.rule("AUT-1", permitted.map_err(ChangeStatusRefused::from))?;
        let host_acts = *actor == Actor::System;
        let by_host = organization(draft)?.suspended_by == Some(Actor::System);
        match self {
            Self::Suspend => {
                let takes_over = organization(draft)?.status == OrganizationStatus::Suspended && !by_host;
                if !(host_acts && takes_over) {
                    require_open(draft)?;
                }
                draft.emit(Event::OrganizationSuspended);
            }
            Self::Resume => {
                require_not_closed(draft)?;
                if organization(draft)?.status == OrganizationStatus::Active {
                    return Err(Stop::Refused(NotSuspended {}.into()));
                }
                let theirs = host_acts || !by_host;
                draft.require("F22", theirs, || ChangeStatusRefused::from(HostOnly {}))?;
                draft.emit(Event::OrganizationResumed);
            }
            Self::Close => {
                require_not_closed(draft)?;
                draft.emit(Event::OrganizationClosed);
            }
        }
        Ok(StatusChanged { status: organization(draft)?.status })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    #[test]
    fn given_an_organization_when_suspended_and_resumed_then_invitations_wait_for_it_lif_8() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.ok(ChangeStatus::Suspend, &by("ada"));
        let accept = Accept::inbox(id, person("bob"));
        assert_eq!(world.run(accept.clone(), &by("bob")).unwrap_err().code(), "organization-suspended");
        let preview = PreviewToken::new(world.copied(id));
        let seen =
            preview.decide(&world.host(), &world.look(&preview.reads()), AccountKnown::Unsaid).unwrap();
        assert_eq!(seen.status, PreviewStatus::NoLongerValid);
        world.ok(ChangeStatus::Resume, &by("ada"));
        world.ok(accept, &by("bob"));
    }

    #[test]
    fn given_what_the_host_suspended_when_resumed_then_by_the_host_alone_f22() {
        let mut world = World::new();
        world.ok(ChangeStatus::Suspend, &by("ada"));
        assert_eq!(world.organization().suspended_by, Some(by("ada")));
        world.ok(ChangeStatus::Resume, &Actor::System);
        assert_eq!(world.organization().suspended_by, None);
        // Also where a member had suspended it before, who would resume it.
        world.ok(ChangeStatus::Suspend, &by("ada"));
        world.ok(ChangeStatus::Suspend, &Actor::System);
        assert_eq!(world.organization().suspended_by, Some(Actor::System));
        for actor in [by("ada"), Actor::System] {
            let again = world.run(ChangeStatus::Suspend, &actor).unwrap_err();
            assert_eq!(again.code(), "organization-suspended");
        }
        let refused = world.run(ChangeStatus::Resume, &by("ada")).unwrap_err();
        assert!(matches!(refused, ChangeStatusRefused::HostOnly(_)), "{refused:?}");
        world.clone().ok(ChangeStatus::Close, &by("ada"));
        world.ok(ChangeStatus::Resume, &Actor::System);
        assert_eq!(world.organization().status, OrganizationStatus::Active);
    }

    #[test]
    fn given_an_organization_when_closed_then_nothing_is_valid_any_more_at_once_lif_8() {
        let mut world = World::new();
        world.add("eve", Grant::role("member"));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let token = world.mail(id);
        world.ok(ChangeStatus::Close, &by("ada"));
        assert_eq!(world.organization().status, OrganizationStatus::Closed);
        let refusal = world.run(Accept::token(token.clone(), person("bob")), &by("bob")).unwrap_err();
        assert_eq!(refusal.code(), "organization-closed");
        let preview = PreviewToken::new(token);
        let seen = preview.decide(&world.host(), &world.look(&preview.reads()), AccountKnown::No).unwrap();
        assert_eq!((seen.status, seen.next), (PreviewStatus::NoLongerValid, Next::RequestNew));
        world.ok(Tidy::new(10), &Actor::System);
        assert_eq!(world.state(id), InvitationState::Revoked);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ChangeStatusRefused", include_str!("change_status.rs"));
        let mut world = World::new();
        world.add("dan", Grant::role("admin"));
        cases.refused(
            "given an admin, when closing, then that is an owner's",
            "NotPermitted",
            world.run(ChangeStatus::Close, &by("dan")),
        );
        cases.refused(
            "given an organization that works, when resumed, then it is not suspended",
            "NotSuspended",
            world.run(ChangeStatus::Resume, &by("dan")),
        );
        world.ok(ChangeStatus::Suspend, &by("dan"));
        cases.refused(
            "given a suspended one, when suspended, then it is already",
            "OrganizationSuspended",
            world.run(ChangeStatus::Suspend, &by("dan")),
        );
        world.ok(ChangeStatus::Suspend, &Actor::System);
        cases.refused(
            "given one that the host suspended, when a member resumes it, then that is the host's (F22)",
            "HostOnly",
            world.run(ChangeStatus::Resume, &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        for status in [ChangeStatus::Suspend, ChangeStatus::Resume, ChangeStatus::Close] {
            cases.refused(
                "given a closed one, when changed, then closing is final",
                "OrganizationClosed",
                world.run(status, &by("ada")),
            );
        }
        cases.are_all_but(&[]);
    }
}
