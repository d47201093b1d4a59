//! Archive, restore and close a group.

use serde::{Deserialize, Serialize};

use crate::operation::sealed::Sealed;
use crate::refusal::{GroupArchived, GroupClosed, NotArchived, TooManyClosing, refused, refused_when_closed};
use crate::rules::{authority, group, organization, require_open};
use crate::{Actor, Draft, Event, GroupId, GroupStatus, Host, Operation, Permission, Reads, Scope, Stop};

/// So many closed groups may be named by rows at once. Each is in the organization's row until nothing names it.
const MAX_CLOSING: usize = 32;

/// Changes whether a group works (LIF-8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeGroupStatus {
    id: GroupId,
    to: GroupStatus,
}

impl ChangeGroupStatus {
    /// Nobody is invited to it and nobody joins until it is restored. Its members keep what they hold, and open
    /// invitations wait and go on expiring.
    #[must_use]
    pub fn archive(id: GroupId) -> Self {
        Self { id, to: GroupStatus::Archived }
    }

    /// An archived group works again.
    #[must_use]
    pub fn restore(id: GroupId) -> Self {
        Self { id, to: GroupStatus::Active }
    }

    /// It ends for good. From this commit on nothing can be granted in it, and nobody may do by it what they held there.
    /// What names it is settled by [`Tidy`](crate::Tidy), a few rows at a time: grants of it are taken out of members,
    /// invitations, links and verified domains, and what then grants nothing ends (LIF-10); join requests to nothing else are
    /// settled. One to several groups that are all closed cannot be approved: it is denied, withdrawn or expires.
    #[must_use]
    pub fn close(id: GroupId) -> Self {
        Self { id, to: GroupStatus::Closed }
    }
}

/// What came of changing the status of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupStatusChanged {
    /// The status from now on.
    pub status: GroupStatus,
}

refused! {
    /// Why the status of a group was not changed.
    ChangeGroupStatusRefused:
        OrganizationSuspended, OrganizationClosed, UnknownGroup, GroupArchived, GroupClosed, NotArchived,
        NotPermitted, TooManyClosing
}
refused_when_closed!(ChangeGroupStatusRefused);

impl Sealed for ChangeGroupStatus {}

impl Operation for ChangeGroupStatus {
    type Outcome = GroupStatusChanged;
    type Refusal = ChangeGroupStatusRefused;
    const NAME: &'static str = "change-group-status";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).group(self.id.clone())
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        type Refused = ChangeGroupStatusRefused;
        require_open(draft)?;
        let status = group::<Refused>(draft, &self.id)?.status;
        let by = authority(host, draft, actor)?;
        let permitted = by.require(&Permission::MANAGE_GROUP, &Scope::Group(self.id.clone()));
        draft.rule("AUT-1", permitted.map_err(Refused::from))?;
        let id = self.id.clone();
        let event = match (status, self.to) {
            (GroupStatus::Closed, _) => Err(Refused::from(GroupClosed { group: id })),
            (GroupStatus::Active, GroupStatus::Active) => Err(NotArchived { group: id }.into()),
            (GroupStatus::Archived, GroupStatus::Archived) => Err(GroupArchived { group: id }.into()),
            (_, GroupStatus::Active) => Ok(Event::GroupRestored { id }),
            (_, GroupStatus::Archived) => Ok(Event::GroupArchived { id }),
            (_, GroupStatus::Closed) if organization::<Refused>(draft)?.closing.len() >= MAX_CLOSING => {
                Err(TooManyClosing { limit: MAX_CLOSING }.into())
            }
            (_, GroupStatus::Closed) => Ok(Event::GroupClosed { id }),
        };
        let event = draft.rule("LIF-8", event)?;
        draft.emit(event);
        Ok(GroupStatusChanged { status: self.to })
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    #[test]
    fn given_an_archived_group_when_restored_then_invitations_waited_and_members_kept_all_lif_8() {
        let mut world = World::new();
        world.add("cat", in_group("member", "red"));
        let id = world.invite(BOB, in_group("member", "red"), &by("ada"));
        world.ok(ChangeGroupStatus::archive(group("red")), &by("ada"));
        let accept = Accept::inbox(id, person("bob"));
        assert_eq!(world.run(accept.clone(), &by("bob")).unwrap_err().code(), "group-archived");
        let another = Invite::new("eve@example.com", in_group("member", "red"));
        assert_eq!(world.run(another, &by("ada")).unwrap_err().code(), "group-archived");
        assert!(world.member("cat").is_some());
        world.ok(ChangeGroupStatus::restore(group("red")), &by("ada"));
        world.ok(accept, &by("bob"));
    }

    #[test]
    fn given_a_closed_group_when_tidied_then_nothing_names_it_and_what_grants_nothing_ended_lif_8_lif_10() {
        let mut world = World::with(team_of(9));
        world.add("cat", in_group("member", "red"));
        world.add("dan", [Grant::role("client"), in_group("member", "red")]);
        let alone = world.invite(BOB, in_group("member", "red"), &by("ada"));
        let both =
            world.invite("eve@example.com", [Grant::role("client"), in_group("member", "red")], &by("ada"));
        let other = world.invite("fay@example.com", in_group("member", "blue"), &by("ada"));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        assert_eq!(world.seats("team"), (2, 3), "nothing was settled yet");
        let (mut settled, mut steps) = (0, 0);
        loop {
            let tidied = world.ok(Tidy::new(1), &Actor::System);
            (settled, steps) = (settled + tidied.settled, steps + 1);
            if !tidied.more {
                break;
            }
        }
        assert_eq!(settled, 4);
        assert!(steps >= 2, "a few rows at a time");
        assert!(world.member("cat").is_none(), "losing the last grant ends a membership");
        assert_eq!(world.member("dan").unwrap().grants, Grant::role("client").into());
        assert_eq!(
            (world.state(alone), world.state(both)),
            (InvitationState::Revoked, InvitationState::Pending)
        );
        assert_eq!(world.invitation(both).grants, Grant::role("client").into());
        assert_eq!(world.state(other), InvitationState::Pending);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (1, 1)));
        assert!(world.organization().closing.is_empty());
        assert_eq!(world.kinds_since(world.events() - 1), ["group-settled"]);
    }

    #[test]
    fn given_a_closed_group_when_it_is_not_tidied_yet_then_nothing_is_held_there_any_more_lif_8() {
        let mut world = World::new();
        world.add("gus", in_group("admin", "red"));
        world.add("bob", [Grant::role("client"), in_group("member", "red")]);
        let may = |world: &World, id: &str, permission: &str| {
            let grants = world.member(id).and_then(Member::in_force);
            let by = Authority::of(&world.model, world.organization(), grants, world.now);
            by.may(&permission.into(), &Scope::Group(group("red")))
        };
        assert!(may(&world, "gus", "posts.create") && may(&world, "bob", "posts.create"));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        for tidied in [false, true] {
            assert!(!may(&world, "gus", "posts.create") && !may(&world, "bob", "posts.create"), "{tidied}");
            assert!(
                may(&world, "bob", "posts.view") && may(&world, "ada", "posts.create"),
                "by the organization"
            );
            let remove = world.clone().run(RemoveMembers::one(user("bob")), &by("gus"));
            assert_eq!(remove.unwrap_err().code(), "not-permitted");
            world.ok(Tidy::new(9), &Actor::System);
        }
    }

    #[test]
    fn given_an_invitation_to_two_groups_of_which_one_closed_when_accepted_then_the_other_is_granted_and_it_is_told_lif_10()
     {
        let mut world = World::new();
        let both = world.invite(BOB, [in_group("member", "red"), in_group("member", "blue")], &by("ada"));
        let alone = world.invite("eve@example.com", in_group("member", "red"), &by("ada"));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        let accepted = world.ok(Accept::inbox(both, person("bob")), &by("bob"));
        assert_eq!(accepted.dropped, [group("red")]);
        assert_eq!(world.member("bob").unwrap().grants, in_group("member", "blue").into());
        let refused = world.run(Accept::inbox(alone, person("eve")), &by("eve")).unwrap_err();
        assert_eq!(refused.code(), "group-closed");
    }

    #[test]
    fn given_an_owner_in_a_closed_group_when_tidied_then_they_stay_an_owner_aut_8() {
        let mut world = World::of(model().creators_role("lead"), roomy());
        world.ok(CreateGroup::new(group("green"), GroupSettings::named("Green")), &by("ada"));
        world.ok(ChangeGroupStatus::close(group("green")), &by("ada"));
        while world.ok(Tidy::new(9), &Actor::System).more {}
        assert!(world.member("ada").unwrap().is_owner());
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ChangeGroupStatusRefused", include_str!("change_group_status.rs"));
        let mut world = World::new();
        type To = fn(GroupId) -> ChangeGroupStatus;
        let (archive, restore, close): (To, To, To) =
            (ChangeGroupStatus::archive, ChangeGroupStatus::restore, ChangeGroupStatus::close);
        cases.refused(
            "given no such group, then it is told",
            "UnknownGroup",
            world.run(close(group("none")), &by("ada")),
        );
        cases.refused(
            "given no right to, then whom to ask",
            "NotPermitted",
            world.run(close(group("red")), &by("eve")),
        );
        cases.refused(
            "given one that works, when restored, then it works",
            "NotArchived",
            world.run(restore(group("red")), &by("ada")),
        );
        world.ok(archive(group("red")), &by("ada"));
        cases.refused(
            "given an archived one, when archived, then it is",
            "GroupArchived",
            world.run(archive(group("red")), &by("ada")),
        );
        world.ok(close(group("red")), &by("ada"));
        cases.refused(
            "given a closed one, then never",
            "GroupClosed",
            world.run(restore(group("red")), &by("ada")),
        );
        for n in 1..32 {
            world.groups([format!("g{n}")]);
            world.ok(close(group(&format!("g{n}"))), &by("ada"));
        }
        cases.refused(
            "given many that are closing, then one more waits",
            "TooManyClosing",
            world.run(close(group("blue")), &by("ada")),
        );
        world.ok(Tidy::new(9), &Actor::System);
        world.ok(close(group("blue")), &by("ada"));
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now",
            "OrganizationSuspended",
            world.run(archive(group("own")), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never",
            "OrganizationClosed",
            world.run(archive(group("own")), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
