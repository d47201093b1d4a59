//! Create a group.

use alloc::boxed::Box;

use serde::{Deserialize, Serialize};

use super::change_group::check_group;
use super::join::settle;
use crate::operation::sealed::Sealed;
use crate::refusal::{GroupExists, refused, refused_for_grants, refused_for_seats, refused_when_closed};
use crate::rules::{authority, require_open};
use crate::seats::{end_access_if_due, end_due, require_seat, seat_after, takes_another};
use crate::{
    Access, Actor, Draft, Event, Grant, Grants, Group, GroupId, GroupSettings, GroupStatus, Host, Member,
    Operation, Permission, Reads, Scope, Stop, UserId,
};

/// Creates a group: a project, team, workspace or line. The member who creates it gets the role in it that the
/// access model names for that, and so manages it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateGroup {
    id: GroupId,
    settings: GroupSettings,
}

impl CreateGroup {
    /// With an id of the host that no group of the organization has or had, and these settings.
    #[must_use]
    pub fn new(id: GroupId, settings: GroupSettings) -> Self {
        Self { id, settings }
    }
}

/// What came of creating a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupCreated {
    /// The group.
    pub group: GroupId,
}

refused! {
    /// Why a group was not created.
    CreateGroupRefused:
        OrganizationSuspended, OrganizationClosed, NotPermitted, GroupExists, InvalidSettings, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled, TooLarge,
        NoSeatLeft, SeatClassNotInPlan
}
refused_when_closed!(CreateGroupRefused);
refused_for_grants!(CreateGroupRefused);
refused_for_seats!(CreateGroupRefused);

impl Sealed for CreateGroup {}

impl Operation for CreateGroup {
    type Outcome = GroupCreated;
    type Refusal = CreateGroupRefused;
    const NAME: &'static str = "create-group";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().group(self.id.clone()).due();
        reads.people.extend(actor.user().cloned());
        reads
    }

    fn rows(&self) -> usize {
        3
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let by = authority(host, draft, actor)?;
        let permitted = by.require(&Permission::CREATE_GROUPS, &Scope::Organization);
        draft.rule("AUT-1", permitted.map_err(CreateGroupRefused::from))?;
        let new = draft.group(&self.id)?.is_none();
        let exists = || CreateGroupRefused::from(GroupExists { group: self.id.clone() });
        draft.require("CON-3", new, exists)?;
        check_group(host, actor, draft, &self.id, &self.settings, None)?;
        let group = Group {
            id: self.id.clone(),
            status: GroupStatus::Active,
            settings: self.settings.clone(),
            creator: actor.clone(),
            created_at: draft.now(),
        };
        draft.emit(Event::GroupCreated { group: Box::new(group) });
        if let (Some(user), Some(role)) = (actor.user(), &host.model.creators_role) {
            let scope = Scope::Group(self.id.clone());
            // No longer than they may create groups.
            let until = authority::<CreateGroupRefused>(host, draft, actor)?
                .held_until(&Permission::CREATE_GROUPS, &Scope::Organization);
            // Nor with what was taken from them in the organization (AUT-2).
            let held = draft.member(user)?.and_then(|member| member.grants.access(&Scope::Organization));
            let (remove, resources) =
                held.map(|held| (held.remove.clone(), held.resources.clone())).unwrap_or_default();
            let access = Access { until, remove, resources, ..Access::role(role) };
            manage(host, draft, user, Grant::new(scope, access).into())?;
        }
        Ok(GroupCreated { group: self.id.clone() })
    }
}

/// Gives the member who created a group their role in it.
fn manage(
    host: &Host<'_>,
    draft: &mut Draft,
    user: &UserId,
    grants: Grants,
) -> Result<(), Stop<CreateGroupRefused>> {
    end_due(host.model, draft)?;
    end_access_if_due(host.model, draft, user)?;
    let Some(member) = draft.member(user)?.cloned() else { return Ok(()) };
    let grants = member.grants.clone().joined(&grants);
    let seat = seat_after(host.model, draft, Some(&member), &grants);
    let manager = Member { grants: grants.clone(), seat: seat.clone(), ..member.clone() };
    draft.emit(Event::MemberAccessChanged { user: user.clone(), grants, seat: seat.clone() });
    settle::<CreateGroupRefused>(host.model, draft, &manager, [])?;
    if takes_another(Some(&member), seat.as_ref()) {
        require_seat(draft, seat.as_ref())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn create(id: &str) -> CreateGroup {
        CreateGroup::new(group(id), GroupSettings::named("Green"))
    }

    #[test]
    fn given_a_member_from_whom_something_was_taken_when_they_create_a_group_then_it_is_not_theirs_there_aut_2_c7()
     {
        let mut world = World::of(model().creators_role("admin"), roomy());
        let only = Restriction::only(["a"]);
        let held = Grant::role("admin").removing("posts.publish").restricted("account", only.clone());
        world.add("cat", held);
        world.ok(create("green"), &by("cat"));
        let cat = world.member("cat").unwrap();
        let green = cat.grants.access(&Scope::Group(group("green"))).unwrap();
        assert_eq!(*green, Access::role("admin").removing("posts.publish").restricted("account", only));
        let by = Authority::of(&world.model, world.organization(), Some(&cat.grants), world.now);
        let green = Scope::Group(group("green"));
        assert!(!by.may(&"posts.publish".into(), &green));
        assert!(!by.may_with(&"posts.view".into(), &green, &"account".into(), "b"));
        assert!(by.may_with(&"posts.view".into(), &green, &"account".into(), "a"));
    }

    #[test]
    fn given_who_may_when_a_group_is_created_then_they_manage_it_and_nothing_else() {
        let mut world = World::of(model().creators_role("lead"), roomy());
        world.add(
            "cat",
            Grant::new(Scope::Organization, Access::role("client").adding(Permission::CREATE_GROUPS)),
        );
        let before = world.events();
        world.ok(create("green"), &by("cat"));
        assert_eq!(world.kinds_since(before), ["group-created", "member-access-changed"]);
        world.invite("bob@example.com", in_group("client", "green"), &by("cat"));
        let elsewhere = world.run(Invite::new("bob@example.com", in_group("client", "red")), &by("cat"));
        assert_eq!(
            elsewhere.unwrap_err().code(),
            "not-permitted",
            "managers of a group have no say outside it"
        );
        let beyond = world.run(Invite::new("bob@example.com", Grant::role("client")), &by("cat"));
        assert_eq!(beyond.unwrap_err().code(), "not-permitted");
        assert_eq!(world.seats("team"), (1, 0), "who manages it may publish, and takes that seat (SEA-2)");
    }

    #[test]
    fn given_a_creator_who_is_invited_when_managing_takes_the_seat_then_the_invitation_lets_go_of_it_sea_3() {
        let mut world = World::of(model().creators_role("lead"), team_of(1));
        let creates = Access::role("client").adding(Permission::CREATE_GROUPS);
        world.add("cat", Grant::new(Scope::Organization, creates));
        world.invite("cat@example.com", in_group("member", "red"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 1));
        world.ok(create("green"), &by("cat"));
        assert_eq!(world.seats("team"), (1, 0), "one person takes one seat");
    }

    #[test]
    fn given_no_role_for_creators_or_the_host_when_a_group_is_created_then_nobody_is_in_it() {
        let mut world = World::new();
        world.ok(create("green"), &by("ada"));
        world.ok(create("grey"), &Actor::System);
        assert!(world.rows().group_members.is_empty());
        assert_eq!(world.rows().groups[&group("green")].creator, by("ada"));
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("CreateGroupRefused", include_str!("create_group.rs"));
        let mut world =
            World::of(model().creators_role("lead"), team_of(0).entitled("line", Restriction::only(["a"])));
        let with =
            |access: Access| CreateGroup::new(group("new"), GroupSettings::named("New").open_with(access));
        for (sentence, reason, command) in [
            ("given a group of that id, then there is one", "GroupExists", create("red")),
            (
                "given a group without a name, then it needs one",
                "InvalidSettings",
                CreateGroup::new(group("new"), GroupSettings::named(" ")),
            ),
            (
                "given an unknown role for who joins, then it is told",
                "UnknownRole",
                with(Access::role("nobody")),
            ),
            (
                "given an unknown permission, then it is told",
                "UnknownPermission",
                with(Access::role("client").adding("nothing")),
            ),
            (
                "given an unknown kind of resource, then it is told",
                "UnknownResourceKind",
                with(Access::role("client").restricted("moon", Restriction::All)),
            ),
            (
                "given what a client never gets, then nobody gives it (B7)",
                "NeverGrantable",
                with(Access::role("client").adding("accounts.delete")),
            ),
            (
                "given a line that the plan does not enable, then it is told (D2)",
                "NotEntitled",
                with(Access::role("client").restricted("line", Restriction::only(["b"]))),
            ),
            (
                "given access that is over already, then it is told (F14)",
                "InvalidEnd",
                with(Access::role("client").until(MIN_TIME)),
            ),
        ] {
            cases.refused(sentence, reason, world.run(command, &by("ada")));
        }
        let long = Restriction::only(["x".repeat(65_537)]);
        cases.refused(
            "given resources beyond the cap for who joins, then they are too large (ABU-3)",
            "TooLarge",
            world.run(with(Access::role("client").restricted("account", long)), &by("ada")),
        );
        world.add(
            "cat",
            Grant::new(Scope::Organization, Access::role("client").adding(Permission::CREATE_GROUPS)),
        );
        cases.refused(
            "given access beyond one's own for who joins, then it is not grantable (AUT-2)",
            "NotGrantable",
            world.run(with(Access::role("member")), &by("cat")),
        );
        cases.refused(
            "given no right to, when created, then whom to ask is told",
            "NotPermitted",
            world.run(create("new"), &by("eve")),
        );
        cases.refused(
            "given no seat for who will manage it, then there is none (SEA-1)",
            "NoSeatLeft",
            world.run(create("new"), &by("cat")),
        );
        let clients = Plan::new().and_seats("client", Limit::Unlimited);
        world.ok(ChangePlan::new(clients), &Actor::System);
        cases.refused(
            "given a plan without that class, then it is told (SEA-4)",
            "SeatClassNotInPlan",
            world.run(create("new"), &by("cat")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now",
            "OrganizationSuspended",
            world.run(create("new"), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never",
            "OrganizationClosed",
            world.run(create("new"), &by("ada")),
        );
        cases.are_all_but(&[("GrantsMissing", "one grant is checked")]);
    }
}
