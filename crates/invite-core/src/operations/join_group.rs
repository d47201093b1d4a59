//! Join a group that is open.

use serde::{Deserialize, Serialize};

use super::Principal;
use super::accept::require_there;
use super::join::{Joining, join};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    GroupByRequest, GroupInviteOnly, UnknownMember, refused, refused_for_groups, refused_for_seats,
    refused_when_closed,
};
use crate::rules::{group, require_groups, require_open};
use crate::seats::{end_access_if_due, end_due};
use crate::{
    Actor, Draft, Grant, Grants, GroupId, Host, JoinPolicy, JoinedBy, Metadata, Operation, Reads, Scope,
    Stop, UserId,
};

/// Joins a group that is open, as a member of the organization, by oneself (E1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinGroup {
    group: GroupId,
    principal: Principal,
}

impl JoinGroup {
    /// This group, as this user.
    #[must_use]
    pub fn new(group: GroupId, principal: Principal) -> Self {
        Self { group, principal }
    }
}

/// What came of joining a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupJoined {
    /// The group.
    pub group: GroupId,
    /// Who joined.
    pub user: UserId,
    /// What they hold in the organization now.
    pub grants: Grants,
}

refused! {
    /// Why somebody did not join a group.
    JoinGroupRefused:
        OrganizationSuspended, OrganizationClosed, UnknownGroup, GroupArchived, GroupClosed, GroupInviteOnly,
        GroupByRequest, UnknownMember, TooLarge, NoLongerAvailable, DomainNotAllowed, AddressNeeded, AddressOfAnotherMember,
        MemberSuspended, AlreadyMember, NoSeatLeft, SeatClassNotInPlan
}
refused_when_closed!(JoinGroupRefused);
refused_for_groups!(JoinGroupRefused);
refused_for_seats!(JoinGroupRefused);

impl Sealed for JoinGroup {}

impl Operation for JoinGroup {
    type Outcome = GroupJoined;
    type Refusal = JoinGroupRefused;
    const NAME: &'static str = "join-group";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new().group(self.group.clone()).person(self.principal.user().clone()).due();
        reads.invitees.extend(self.principal.invitees());
        reads
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
        let user = self.principal.user();
        draft.act_as(user);
        require_open(draft)?;
        self.principal.require_few_vouched::<JoinGroupRefused>()?;
        end_access_if_due(host.model, draft, user)?;
        // Only members are told which groups there are.
        let member = draft.member(user)?.ok_or_else(|| UnknownMember { user: user.clone() });
        let member = member.map(|member| (member.email.clone(), member.grants.over_at()));
        let (email, over_at) = draft.rule("E1", member.map_err(JoinGroupRefused::from))?;
        let settings = group::<JoinGroupRefused>(draft, &self.group)?.settings.clone();
        let id = self.group.clone();
        let access = match (settings.join_policy, settings.join_access) {
            (JoinPolicy::Open, Some(access)) => Ok(access),
            (JoinPolicy::ByRequest, _) => Err(JoinGroupRefused::from(GroupByRequest { group: id })),
            _ => Err(GroupInviteOnly { group: id }.into()),
        };
        let mut access = draft.rule("E1", access)?;
        // Nobody prolongs a membership that ends by joining a group.
        access.until = access.until.into_iter().chain(over_at).min();
        let grants = Grants::from(Grant::new(Scope::Group(self.group.clone()), access));
        require_there::<JoinGroupRefused>(host, draft, &grants)?;
        require_groups(draft, &grants)?;
        end_due(host.model, draft)?;
        let joining = Joining {
            user,
            email: email.as_ref(),
            known: None,
            grants: &grants,
            known_as: self.principal.invitees().collect(),
            joined_by: JoinedBy::OpenGroup(self.group.clone()),
            metadata: Metadata::new(),
        };
        let member = join::<JoinGroupRefused>(host.model, draft, joining)?;
        Ok(GroupJoined { group: self.group.clone(), user: member.user, grants: member.grants })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn join(id: &str, name: &str) -> JoinGroup {
        JoinGroup::new(group(id), person(name))
    }

    fn open(world: &mut World, id: &str, role: &str) {
        let settings = GroupSettings::named(id).open_with(Access::role(role));
        world.ok(ChangeGroup::new(group(id), settings), &by("ada"));
    }

    #[test]
    fn given_an_open_group_when_a_member_joins_then_they_hold_what_it_gives_and_an_invitation_to_it_is_settled_e1_lif_7d()
     {
        let mut world = World::with(team_of(1));
        open(&mut world, "red", "member");
        world.add("bob", Grant::role("client"));
        let invited = world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        let joined = world.ok(join("red", "bob"), &by("bob"));
        assert_eq!(joined.grants, [Grant::role("client"), in_group("member", "red")].into());
        assert_eq!(world.state(invited), InvitationState::Revoked);
        assert_eq!(world.seats("team"), (1, 0), "the seat follows what they hold now (B6)");
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("JoinGroupRefused", include_str!("join_group.rs"));
        let mut world = World::with(team_of(0));
        world.add("bob", Grant::role("client"));
        cases.refused(
            "given no such group, then it is told",
            "UnknownGroup",
            world.run(join("none", "bob"), &by("bob")),
        );
        cases.refused(
            "given an invite-only group, then not (E1)",
            "GroupInviteOnly",
            world.run(join("red", "bob"), &by("bob")),
        );
        let by_request = GroupSettings::named("blue").by_request_with(Access::role("client"));
        world.ok(ChangeGroup::new(group("blue"), by_request), &by("ada"));
        cases.refused(
            "given a group by request, then ask (E1)",
            "GroupByRequest",
            world.run(join("blue", "bob"), &by("bob")),
        );
        open(&mut world, "red", "client");
        cases.refused(
            "given somebody from elsewhere, then not",
            "UnknownMember",
            world.run(join("red", "eve"), &by("eve")),
        );
        let crowd = (0..17).map(|n| address(&std::format!("{n}@example.com")));
        let crowd = crowd.fold(person("bob"), Principal::vouching);
        cases.refused(
            "given too many addresses, then it is told",
            "TooLarge",
            world.run(JoinGroup::new(group("red"), crowd), &by("bob")),
        );
        let rules = DomainRules::new().allow(DomainRule::parse("work.example").unwrap());
        let mut ruled = world.clone();
        ruled.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        cases.refused(
            "given a domain not allowed since, then not (IDN-8)",
            "DomainNotAllowed",
            ruled.run(join("red", "bob"), &by("bob")),
        );
        let mut gone = world.clone();
        let access = Access::role("client").restricted("line", Restriction::only(["a"]));
        gone.ok(ChangeGroup::new(group("red"), GroupSettings::named("Red").open_with(access)), &by("ada"));
        gone.ok(ChangePlan::new(team_of(0).entitled("line", Restriction::only(["b"]))), &Actor::System);
        cases.refused(
            "given a line that the plan does not enable any more, then it is gone (LIF-10, D2)",
            "NoLongerAvailable",
            gone.run(join("red", "bob"), &by("bob")),
        );
        cases.refused(
            "given somebody from elsewhere, then they are not told which groups there are",
            "UnknownMember",
            world.run(join("none", "eve"), &by("eve")),
        );
        world.ok(join("red", "bob"), &by("bob"));
        cases.refused(
            "given a member of it, then they are",
            "AlreadyMember",
            world.run(join("red", "bob"), &by("bob")),
        );
        open(&mut world, "own", "member");
        cases.refused(
            "given no seat, then none (SEA-1)",
            "NoSeatLeft",
            world.run(join("own", "bob"), &by("bob")),
        );
        world.ok(ChangePlan::new(Plan::new().and_seats("client", Limit::Unlimited)), &Actor::System);
        cases.refused(
            "given no such class, then none (SEA-4)",
            "SeatClassNotInPlan",
            world.run(join("own", "bob"), &by("bob")),
        );
        world.ok(ChangeGroupStatus::archive(group("own")), &by("ada"));
        cases.refused(
            "given an archived group, then not now",
            "GroupArchived",
            world.run(join("own", "bob"), &by("bob")),
        );
        world.ok(ChangeGroupStatus::close(group("own")), &by("ada"));
        cases.refused(
            "given a closed group, then never",
            "GroupClosed",
            world.run(join("own", "bob"), &by("bob")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now",
            "OrganizationSuspended",
            world.run(join("red", "bob"), &by("bob")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never",
            "OrganizationClosed",
            world.run(join("red", "bob"), &by("bob")),
        );
        let mut apart = World::suspended();
        open(&mut apart, "red", "client");
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.run(join("red", "bob"), &by("bob")),
        );
        cases.are_all_but(&[
            ("AddressOfAnotherMember", "the address of the member is theirs"),
            ("AddressNeeded", "whoever joins a group is a member"),
        ]);
    }
}
