//! Change what a member holds.

use serde::{Deserialize, Serialize};

use super::join::{end_open_in, settle};
use super::remove_members::{Settled, TheirInvitations, reads_of_sent, settle_sent};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    LastGrant, OwnerProtected, UnknownMember, refused, refused_for_authority, refused_for_grants,
    refused_for_groups, refused_for_seats, refused_when_closed,
};
use crate::rules::{
    authority, group, require_active, require_groups, require_known, require_not_closed, require_open,
};
use crate::seats::{end_access_if_due, end_due, require_seat, seat_after, takes_another};
use crate::{
    Access, Actor, Draft, Event, Grant, Grants, GroupId, Host, Invitee, Member, Operation, Permission, Reads,
    Scope, SeatClass, Stop, SuppressionKind, UserId,
};

/// Changes what a member holds, all at once or in one scope alone (A7, C5). Raising takes the seat and authority checks
/// again.
///
/// Needs authority over what they hold where it is changed, and over what they shall hold there. Of somebody who is
/// suspended it changes what they hold once they are restored, and takes no seat. An owner is changed by nobody else,
/// and steps down if another one remains (C6). What is open for them in a scope that they lose ends (LIF-7c).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeAccess {
    user: UserId,
    to: To,
    their_invitations: TheirInvitations,
}

/// What they hold from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum To {
    Everywhere(Grants),
    In(Scope, Option<Access>),
}

impl ChangeAccess {
    /// What the member holds from now on, in every scope. Of two who do this at the same time, the second one undoes what
    /// the first one did: see [`in_scope`](Self::in_scope).
    pub fn new(user: UserId, grants: impl Into<Grants>) -> Self {
        Self { user, to: To::Everywhere(grants.into()), their_invitations: TheirInvitations::default() }
    }

    /// What the member holds from now on in one scope; `None` takes it away. Whatever they hold elsewhere stays, and needs no
    /// authority. Who holds nothing else keeps it until they are removed, or leave.
    pub fn in_scope(user: UserId, scope: Scope, access: impl Into<Option<Access>>) -> Self {
        let to = To::In(scope, access.into());
        Self { user, to, their_invitations: TheirInvitations::default() }
    }

    /// Leaves one group, and nothing else: anybody may, for themselves (C3). Whoever does is not included again, as with
    /// [`Leave`](crate::Leave).
    #[must_use]
    pub fn leaving(user: UserId, group: GroupId) -> Self {
        Self::in_scope(user, Scope::Group(group), None)
    }

    /// What becomes of those of the invitations that they made which they may not grant any more (AUT-5).
    #[must_use]
    pub fn their_invitations(mut self, choice: TheirInvitations) -> Self {
        self.their_invitations = choice;
        self
    }

    /// The group that they leave, if it is they who ask for it.
    fn left_by(&self, actor: &Actor) -> Option<&GroupId> {
        match &self.to {
            To::In(Scope::Group(group), None) if actor.user() == Some(&self.user) => Some(group),
            _ => None,
        }
    }
}

impl To {
    /// The one scope in which it is.
    fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Everywhere(_) => None,
            Self::In(scope, _) => Some(scope),
        }
    }

    /// What is given.
    fn given(&self) -> Grants {
        match self {
            Self::Everywhere(grants) => grants.clone(),
            Self::In(scope, access) => {
                access.iter().map(|access| Grant::new(scope.clone(), access.clone())).collect()
            }
        }
    }

    /// Of what is held, that which is changed.
    fn changed(&self, held: &Grants) -> Grants {
        match self {
            Self::Everywhere(_) => held.clone(),
            Self::In(scope, _) => held.only(scope),
        }
    }

    /// All that is held then.
    fn after(&self, held: &Grants) -> Grants {
        match self {
            Self::Everywhere(grants) => grants.clone(),
            Self::In(scope, _) => self.given().joined(&held.clone().without(scope)),
        }
    }
}

/// What came of changing access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessChanged {
    /// Who.
    pub user: UserId,
    /// What they hold now; where somebody else changed one scope, in that one: managers of a group see nothing else (E4).
    pub grants: Grants,
    /// The seat class they take now.
    pub seat: Option<SeatClass>,
    /// What became of their invitations.
    pub settled: Settled,
}

refused! {
    /// Why access was not changed.
    ChangeAccessRefused:
        OrganizationSuspended, OrganizationClosed, UnknownMember, OwnerProtected, MemberSuspended, LastOwner, LastGrant,
        NotPermitted, NotGrantable, GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable,
        InvalidEnd, NotEntitled, TooLarge, NoSeatLeft, SeatClassNotInPlan, TooManySent, UnknownGroup, GroupArchived,
        GroupClosed
}
refused_when_closed!(ChangeAccessRefused);
refused_for_grants!(ChangeAccessRefused);
refused_for_groups!(ChangeAccessRefused);
refused_for_authority!(ChangeAccessRefused);
refused_for_seats!(ChangeAccessRefused);

impl Sealed for ChangeAccess {}

impl Operation for ChangeAccess {
    type Outcome = AccessChanged;
    type Refusal = ChangeAccessRefused;
    const NAME: &'static str = "change-access";

    fn reads(&self, actor: &Actor) -> Reads {
        let mut reads = Reads::new().actor(actor).person(self.user.clone()).due().groups_in(&self.to.given());
        reads.groups.extend(self.to.scope().and_then(Scope::group).cloned());
        reads.extend(reads_of_sent(self.their_invitations, core::slice::from_ref(&self.user)));
        reads
    }

    fn rows(&self) -> usize {
        2
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        match self.left_by(actor) {
            Some(_) => require_not_closed(draft)?,
            None => require_open(draft)?,
        }
        end_access_if_due(host.model, draft, &self.user)?;
        let unknown = UnknownMember { user: self.user.clone() };
        let member = draft.member(&self.user)?.cloned().ok_or(ChangeAccessRefused::from(unknown))?;
        self.require_given(host, draft, &member)?;
        self.require_authority(host, actor, draft, &member)?;
        if let Some(id) = self.to.scope().and_then(Scope::group) {
            group::<ChangeAccessRefused>(draft, id)?;
        }
        let grants = self.to.after(&member.grants);
        draft.require("C5", !grants.is_empty(), || ChangeAccessRefused::from(LastGrant {}))?;
        end_due(host.model, draft)?;
        let seat = seat_after(host.model, draft, Some(&member), &grants);
        if grants != member.grants || seat != member.seat {
            draft.emit(Event::MemberAccessChanged {
                user: self.user.clone(),
                grants: grants.clone(),
                seat: seat.clone(),
            });
            let now = Member { grants: grants.clone(), seat: seat.clone(), ..member.clone() };
            if self.left_by(actor).is_some() {
                self.suppress_inclusion(draft)?;
            }
            end_open_in(host.model, draft, &now, &member.grants)?;
            settle::<ChangeAccessRefused>(host.model, draft, &now, [])?;
            if takes_another(Some(&member), seat.as_ref()) {
                require_seat(draft, seat.as_ref())?;
            }
        }
        let settled = settle_sent(host, actor, draft, &self.user, self.their_invitations)?;
        let grants = match &self.to {
            To::In(scope, _) if actor.user() != Some(&self.user) => grants.only(scope),
            To::Everywhere(_) | To::In(..) => grants,
        };
        Ok(AccessChanged { user: self.user.clone(), grants, seat, settled })
    }
}

impl ChangeAccess {
    /// What is given can be given at all. What is held in an archived group may be kept as it is.
    fn require_given(
        &self,
        host: &Host<'_>,
        draft: &mut Draft,
        member: &Member,
    ) -> Result<(), Stop<ChangeAccessRefused>> {
        let given = self.to.given();
        if matches!(self.to, To::Everywhere(_)) || !given.is_empty() {
            require_known::<ChangeAccessRefused>(host, draft, &given)?;
        }
        let news = given.iter().filter(|(scope, access)| member.grants.access(scope) != Some(access));
        let news = news.map(|(scope, access)| Grant::new(scope.clone(), access.clone())).collect::<Grants>();
        require_groups::<ChangeAccessRefused>(draft, &news)
    }

    fn require_authority(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
        member: &Member,
    ) -> Result<(), Stop<ChangeAccessRefused>> {
        let leaves = self.left_by(actor).is_some();
        if member.is_owner() {
            let own = actor.user() == Some(&self.user);
            draft.require("C6", own, || ChangeAccessRefused::from(OwnerProtected {}))?;
        }
        if member.is_owner() || leaves {
            require_active::<ChangeAccessRefused>(draft, member.is_active())?;
        }
        if member.is_owner() && !self.to.after(&member.grants).is_owner() {
            return super::require_another_owner::<ChangeAccessRefused>(draft);
        }
        if leaves {
            return Ok(());
        }
        let by = authority::<ChangeAccessRefused>(host, draft, actor)?;
        let (change, given) = (&Permission::CHANGE_ACCESS, self.to.given());
        let over = by.require_over(change, &self.to.changed(&member.grants));
        let permitted = match &self.to {
            To::Everywhere(_) => given.scopes().try_for_each(|scope| by.require(change, scope)),
            To::In(scope, _) => by.require(change, scope),
        };
        let grantable = by.require_grantable(&given);
        draft.rule("AUT-1", over.map_err(ChangeAccessRefused::from))?;
        draft.rule("AUT-1", permitted.map_err(ChangeAccessRefused::from))?;
        Ok(draft.rule("AUT-2", grantable.map_err(ChangeAccessRefused::from))?)
    }

    /// Whoever leaves is asked before they are in again (C3).
    fn suppress_inclusion(&self, draft: &mut Draft) -> Result<(), Stop<ChangeAccessRefused>> {
        let (invitee, kind) = (Invitee::User(self.user.clone()), SuppressionKind::Inclusion);
        if draft.suppressed_since(&invitee, kind)?.is_none() {
            draft.emit(Event::Suppressed { invitee, kind });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn change(id: &str, grants: impl Into<Grants>) -> ChangeAccess {
        ChangeAccess::new(user(id), grants)
    }

    #[test]
    fn given_a_client_when_given_the_right_to_publish_then_it_takes_a_team_seat_if_there_is_one_b6_sea_2() {
        let mut world = World::with(team_of(1));
        world.add("bob", Grant::role("client"));
        world.add("eve", Grant::role("client"));
        let changed = world.ok(change("bob", Grant::role("client").adding("posts.publish")), &by("ada"));
        assert_eq!(changed.seat, Some("team".into()));
        assert_eq!((world.seats("team"), world.seats("client")), ((1, 0), (1, 0)));
        let up = change("eve", Grant::role("member"));
        assert_eq!(world.run(up.clone(), &by("ada")).unwrap_err().code(), "no-seat-left");
        world.ok(change("bob", Grant::role("client")), &by("ada"));
        world.ok(up, &by("ada"));
    }

    #[test]
    fn given_a_lowered_plan_when_access_changes_within_the_class_then_nobody_is_stopped_sea_5() {
        let mut world = World::with(team_of(2));
        world.add("bob", Grant::role("member"));
        world.add("eve", Grant::role("member"));
        world.ok(ChangePlan::new(team_of(1)), &Actor::System);
        assert_eq!(world.seats("team"), (2, 0), "nobody is removed");
        world.ok(change("bob", Grant::role("member").removing("posts.create")), &by("ada"));
        world.ok(change("bob", Grant::role("client")), &by("ada"));
        assert_eq!(
            world.run(change("bob", Grant::role("member")), &by("ada")).unwrap_err().code(),
            "no-seat-left"
        );
    }

    #[test]
    fn given_an_unticked_permission_when_asked_then_it_is_gone_at_once_c5_c7() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        world.ok(change("lea", Grant::role("lead").removing(Permission::INVITE)), &by("ada"));
        let invite = Invite::new("bob@example.com", Grant::role("member"));
        assert_eq!(world.run(invite, &by("lea")).unwrap_err().code(), "not-permitted");
    }

    #[test]
    fn given_no_such_group_when_left_or_taken_from_somebody_then_it_is_told_sto_2() {
        let mut world = World::new();
        world.add("bob", Grants::from([Grant::role("member"), in_group("client", "red")]));
        for (id, actor) in [("green", by("bob")), ("green", by("ada")), ("green", Actor::System)] {
            let leave = ChangeAccess::leaving(user("bob"), group(id));
            assert_eq!(world.run(leave, &actor).unwrap_err().code(), "unknown-group");
        }
        world.ok(ChangeAccess::leaving(user("bob"), group("blue")), &by("bob"));
        world.ok(ChangeAccess::leaving(user("bob"), group("red")), &by("bob"));
        assert_eq!(world.member("bob").unwrap().grants, Grant::role("member").into());
    }

    #[test]
    fn given_a_reservation_when_the_member_is_raised_to_it_then_one_seat_is_held_sea_3() {
        let mut world = World::with(team_of(1));
        world.add("bob", Grant::role("client"));
        let red = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 1));
        world.ok(change("bob", Grant::role("member")), &by("ada"));
        assert_eq!(world.seats("team"), (1, 0));
        world.ok(Accept::inbox(red, person("bob")), &by("bob"));
        assert_eq!(world.seats("team"), (1, 0));
    }

    #[test]
    fn given_somebody_who_manages_when_changing_themselves_then_nothing_is_gained_aut_2() {
        let mut world = World::new();
        world.add("dan", Grant::role("admin").removing("analytics.view"));
        assert_eq!(
            world.run(change("dan", Grant::role("admin")), &by("dan")).unwrap_err().code(),
            "not-grantable"
        );
        world.ok(change("dan", Grant::role("lead")), &by("dan"));
        assert_eq!(
            world
                .run(change("dan", Grant::role("admin").removing("analytics.view")), &by("dan"))
                .unwrap_err()
                .code(),
            "not-grantable"
        );
    }

    #[test]
    fn given_two_owners_when_both_step_down_then_the_last_one_stays_and_nobody_else_changes_one_c6_aut_8() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada")).invitation;
        world.ok(Accept::inbox(offer, stranger("bob")), &by("bob"));
        for actor in [by("bob"), Actor::System] {
            let refusal = world.run(change("ada", Grant::role("member")), &actor).unwrap_err();
            assert_eq!(refusal.code(), "owner-protected");
        }
        world.ok(change("ada", Grant::role("member")), &by("ada"));
        assert_eq!(
            world.run(change("bob", Grant::role("member")), &by("bob")).unwrap_err().code(),
            "last-owner"
        );
        world.ok(change("ada", Grant::role("client")), &by("bob"));
    }

    #[test]
    fn given_the_same_access_when_changed_then_it_is_no_fact() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let before = world.events();
        world.ok(change("bob", Grant::role("member")), &by("ada"));
        assert_eq!(world.events(), before);
    }

    #[test]
    fn given_no_seat_of_the_lower_class_when_a_right_is_taken_away_then_the_charged_one_stays_c5() {
        let none = Plan::seats("team", 5);
        for plan in [none.clone(), none.and_seats("client", Limit::AtMost(0))] {
            let mut world = World::with(plan);
            world.add("bob", Grant::role("member"));
            let less = change("bob", Grant::role("client"));
            assert_eq!(world.ok(less.clone(), &by("ada")).seat, Some("team".into()));
            let red = world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
            world.ok(Accept::inbox(red, person("bob")), &by("bob"));
            assert_eq!(world.seats("team"), (1, 0), "who joins a group too stays charged to it");
            world.ok(
                ChangePlan::new(Plan::seats("team", 5).and_seats("client", Limit::AtMost(1))),
                &Actor::System,
            );
            assert_eq!(world.ok(less, &by("ada")).seat, Some("client".into()), "and moves once there is one");
            assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (1, 0)));
        }
    }

    #[test]
    fn given_open_invitations_of_theirs_when_demoted_then_those_beyond_their_access_are_settled_aut_5() {
        use TheirInvitations::{HandOver, Keep, Revoke};
        let lead = || Grant::role("lead");
        for (choice, settled, open) in [(Keep, (0, 0), 2), (Revoke, (1, 0), 1), (HandOver, (0, 1), 2)] {
            let mut world = World::with(team_of(5));
            world.add("dan", Grant::role("admin"));
            let above = world.invite("a@example.com", lead(), &by("dan"));
            let within = world.invite("b@example.com", Grant::role("member"), &by("dan"));
            let changed = world.ok(change("dan", lead()).their_invitations(choice), &by("ada"));
            assert_eq!((changed.settled.revoked, changed.settled.handed_over), settled, "{choice:?}");
            assert_eq!(world.rows().open().count(), open, "{choice:?}");
            assert_eq!(world.invitation(within).inviter, by("dan"), "{choice:?}");
            let taken_over = world.invitation(above).inviter == by("ada");
            assert_eq!(taken_over, choice == HandOver);
        }
    }

    fn untick(id: &str, scope: Scope) -> ChangeAccess {
        ChangeAccess::in_scope(user(id), scope, None)
    }

    fn red() -> Scope {
        Scope::Group(group("red"))
    }

    /// `bob`, who publishes in red and looks on in blue, and `gus`, who leads red alone.
    fn world_with_groups() -> World {
        let mut world = World::with(team_of(3));
        world.add("bob", [in_group("member", "red"), in_group("client", "blue")]);
        world.add("gus", in_group("lead", "red"));
        world
    }

    fn held(world: &World, id: &str) -> Grants {
        world.member(id).unwrap().grants.clone()
    }

    #[test]
    fn given_a_manager_of_one_group_when_changing_it_alone_then_other_groups_stay_and_the_seat_follows_c5_sea_2()
     {
        let mut world = world_with_groups();
        let all = change("bob", in_group("client", "blue"));
        assert_eq!(world.run(all, &by("gus")).unwrap_err().code(), "not-permitted");
        let less = Access::role("member").removing("posts.publish");
        let changed = world.ok(ChangeAccess::in_scope(user("bob"), red(), less.clone()), &by("gus"));
        assert_eq!(
            changed.grants,
            Grant::new(red(), less.clone()).into(),
            "and nothing of other groups is told (E4)"
        );
        assert_eq!(held(&world, "bob"), [Grant::new(red(), less), in_group("client", "blue")].into());
        assert_eq!((changed.seat, world.seats("team").0), (Some("client".into()), 1));
        world.ok(ChangeAccess::in_scope(user("bob"), red(), Access::role("member")), &by("gus"));
        assert_eq!((world.seats("team").0, world.seats("client").0), (2, 0));
        let changed = world.ok(untick("bob", red()), &by("gus"));
        assert!(changed.grants.is_empty());
        assert_eq!(held(&world, "bob"), in_group("client", "blue").into());
        assert_eq!((world.seats("team").0, world.seats("client").0), (1, 1));
        let again = world.events();
        world.ok(untick("bob", red()), &by("gus"));
        assert_eq!(world.events(), again, "nothing is held there, so it is no fact");
        let beyond = untick("bob", Scope::Group(group("blue")));
        assert_eq!(world.run(beyond, &by("gus")).unwrap_err().code(), "not-permitted");
        let there = untick("bob", Scope::Group(group("grey")));
        assert_eq!(world.run(there, &by("gus")).unwrap_err().code(), "not-permitted", "nor is it told");
        world.ok(ChangeAccess::in_scope(user("bob"), red(), Access::role("client")), &by("gus"));
        assert_eq!(held(&world, "bob").len(), 2, "who is a member comes into another group");
    }

    #[test]
    fn given_two_who_change_different_scopes_when_both_are_decided_then_both_hold_c5_con_2() {
        let mut world = world_with_groups();
        world.add("bo", [Grant::role("client"), in_group("member", "red"), in_group("client", "blue")]);
        let blue = untick("bo", Scope::Group(group("blue")));
        world.both((untick("bo", red()), &by("gus")), (blue, &by("ada")));
        assert_eq!(held(&world, "bo"), Grant::role("client").into());
    }

    #[test]
    fn given_a_member_of_groups_when_leaving_one_then_it_needs_no_right_and_the_others_stay_c3() {
        let mut world = world_with_groups();
        let before = world.events();
        let leave = || ChangeAccess::leaving(user("bob"), group("red"));
        world.ok(ChangeStatus::Suspend, &Actor::System);
        assert_eq!(world.ok(leave(), &by("bob")).grants, in_group("client", "blue").into());
        let kinds = ["organization-suspended", "member-access-changed", "suppressed"];
        assert_eq!(world.kinds_since(before), kinds, "also while nothing else goes on (LIF-8)");
        world.ok(ChangeStatus::Resume, &Actor::System);
        world.ok(leave(), &by("bob"));
        let inclusion = Settings::named("Acme").inclusion(Inclusion::Always);
        world.ok(ChangeSettings::new(inclusion), &by("ada"));
        world.ok(Invite::new(InviteeEntry::new(user("bob")), in_group("client", "red")), &by("ada"));
        assert_eq!(held(&world, "bob").len(), 1, "who left is asked");
        let red = world.invite("gus@example.com", in_group("client", "blue"), &by("ada"));
        world.ok(Accept::inbox(red, person("gus")), &by("gus"));
        world.ok(ChangeAccess::leaving(user("gus"), group("red")), &by("gus"));
        assert_eq!(held(&world, "gus"), in_group("client", "blue").into());
    }

    #[test]
    fn given_an_owner_with_a_group_when_one_scope_changes_then_by_themselves_alone_and_one_owner_remains_aut_8()
     {
        let mut world = World::new();
        world.add("bob", [Grant::role("client"), in_group("client", "red")]);
        let offer = world.ok(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada")).invitation;
        world.ok(Accept::inbox(offer, stranger("bob")), &by("bob"));
        assert_eq!(world.run(untick("bob", red()), &by("ada")).unwrap_err().code(), "owner-protected");
        let down = || untick("bob", Scope::Organization);
        assert_eq!(world.run(down(), &by("ada")).unwrap_err().code(), "owner-protected");
        world.ok(ChangeAccess::in_scope(user("bob"), red(), Access::role("admin")), &by("bob"));
        assert!(held(&world, "bob").is_owner());
        world.ok(down(), &by("bob"));
        assert_eq!(held(&world, "bob"), in_group("admin", "red").into());
        assert_eq!(world.organization().counts.owners, 1);
        let last = ChangeAccess::in_scope(user("ada"), Scope::Organization, Access::role("admin"));
        assert_eq!(world.run(last, &by("ada")).unwrap_err().code(), "last-owner");
    }

    #[test]
    fn given_what_is_open_in_a_scope_when_it_is_taken_away_then_it_ends_and_the_rest_stays_lif_7c() {
        let mut world = World::with(team_of(1));
        world.groups(["grey"]);
        world.add("bob", [Grant::role("client"), in_group("client", "red")]);
        let both = [in_group("client", "red"), in_group("member", "blue")];
        let named = world.invite("bob@example.com", both, &by("ada"));
        let other = world.invite("bob@example.com", in_group("client", "grey"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 1));
        world.ok(untick("bob", red()), &by("ada"));
        assert_eq!(world.state(named), InvitationState::Revoked);
        assert_eq!(world.state(other), InvitationState::Pending);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (1, 0)));
    }

    #[test]
    fn given_a_group_that_is_archived_or_closed_when_unticked_then_it_goes_lif_10() {
        let mut world = world_with_groups();
        world.ok(ChangeGroupStatus::archive(group("red")), &by("ada"));
        let more = ChangeAccess::in_scope(user("bob"), red(), Access::role("lead"));
        assert_eq!(world.run(more, &by("ada")).unwrap_err().code(), "group-archived");
        world.ok(untick("bob", red()), &by("ada"));
        world
            .ok(ChangeAccess::in_scope(user("bob"), Scope::Organization, Access::role("client")), &by("ada"));
        world.ok(ChangeGroupStatus::close(group("blue")), &by("ada"));
        world.ok(untick("bob", Scope::Group(group("blue"))), &by("ada"));
        assert_eq!(held(&world, "bob"), Grant::role("client").into());
        assert_eq!(world.ok(Tidy::new(9), &Actor::System).access_ended, 0);
    }

    #[test]
    fn given_somebody_who_loses_a_group_when_unticked_then_what_they_sent_for_it_is_settled_aut_5() {
        let mut world = World::new();
        world.add("dan", [in_group("lead", "red"), in_group("lead", "blue")]);
        let to_red = world.invite("a@example.com", in_group("member", "red"), &by("dan"));
        let to_blue = world.invite("b@example.com", in_group("member", "blue"), &by("dan"));
        let leave = ChangeAccess::leaving(user("dan"), group("red"));
        let left = world.ok(leave.their_invitations(TheirInvitations::HandOver), &by("dan"));
        assert_eq!((left.settled.revoked, left.settled.handed_over), (1, 0), "there is nobody else to");
        assert_eq!(
            [to_red, to_blue].map(|id| world.state(id)),
            [InvitationState::Revoked, InvitationState::Pending]
        );
    }

    #[test]
    fn given_an_offer_of_ownership_when_its_owner_steps_down_then_it_is_settled_aut_5() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        world.add("eve", Grant::role("member"));
        let offer = |to| OfferOwnership::new(user(to), FormerOwner::Stays);
        let first = world.ok(offer("bob"), &by("ada")).invitation;
        world.ok(Accept::inbox(first, stranger("bob")), &by("bob"));
        let second = world.ok(offer("eve"), &by("ada")).invitation;
        let down = change("ada", Grant::role("admin")).their_invitations(TheirInvitations::HandOver);
        assert_eq!(world.ok(down, &by("ada")).settled.revoked, 1);
        assert_eq!(world.state(second), InvitationState::Revoked);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ChangeAccessRefused", include_str!("change_access.rs"));
        let mut world = World::with(team_of(2).entitled("line", Restriction::only(["a"])));
        world.add("lea", Grant::role("lead"));
        world.add("bob", Grant::role("client"));
        world.add("dan", Grant::role("admin"));
        let member = || Grant::role("member");
        let mut refused = |world: &mut World, sentence, reason, change: ChangeAccess, actor: &str| {
            cases.refused(sentence, reason, world.run(change, &by(actor)));
        };
        refused(
            &mut world,
            "given no member, when changed, then they are unknown",
            "UnknownMember",
            change("eve", member()),
            "ada",
        );
        refused(
            &mut world,
            "given an owner, when changed by another, then they are protected (C6)",
            "OwnerProtected",
            change("ada", member()),
            "dan",
        );
        refused(
            &mut world,
            "given the last owner, when stepping down, then they stay (AUT-8)",
            "LastOwner",
            change("ada", member()),
            "ada",
        );
        refused(
            &mut world,
            "given no right to, when changing, then it is missing",
            "NotPermitted",
            change("lea", Grant::role("client")),
            "bob",
        );
        refused(
            &mut world,
            "given a role above one's own, when changing it to less, then it is not theirs (AUT-1)",
            "NotGrantable",
            change("dan", Grant::role("client")),
            "lea",
        );
        refused(
            &mut world,
            "given a role above one's own, when giving it, then it is not grantable (AUT-2)",
            "NotGrantable",
            change("bob", Grant::role("lead")),
            "lea",
        );
        world.add("gus", in_group("client", "red"));
        for actor in ["ada", "gus"] {
            refused(
                &mut world,
                "given the only access of somebody, when taken away, then they are to be removed, or to leave (C5)",
                "LastGrant",
                untick("gus", red()),
                actor,
            );
        }
        let ungrantable = [
            ("GrantsMissing", Grants::default()),
            ("UnknownRole", Grant::role(RoleName::OWNER).into()),
            ("UnknownPermission", member().adding("fly").into()),
            ("UnknownResourceKind", member().restricted("moon", Restriction::All).into()),
            ("NeverGrantable", Grant::role("client").adding("accounts.delete").into()),
            ("NotEntitled", member().restricted("line", Restriction::only(["b"])).into()),
            ("InvalidEnd", member().until(MIN_TIME).into()),
            ("TooLarge", (0..65).map(|n| in_group("member", &std::format!("{n}"))).collect()),
        ];
        for (reason, grants) in ungrantable {
            refused(
                &mut world,
                "given grants that nobody can have, when changed to, then it says why (AUT-3)",
                reason,
                change("bob", grants),
                "ada",
            );
        }
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, group) in SHUT {
            refused(
                &mut shut,
                "given a group in which nothing can be granted, when changed to it, then it says why (LIF-10)",
                reason,
                change("bob", in_group("client", group)),
                "ada",
            );
        }
        refused(
            &mut world,
            "given no seat of the class, when raised, then none is left (SEA-1)",
            "NoSeatLeft",
            change("bob", member()),
            "ada",
        );
        world.ok(ChangePlan::new(Plan::new()), &Actor::System);
        refused(
            &mut world,
            "given a plan that does not name the class, when raised, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            change("bob", member()),
            "ada",
        );
        world.ok(ChangeStatus::Suspend, &Actor::System);
        refused(
            &mut world,
            "given a suspended organization, when changed, then not now (LIF-8)",
            "OrganizationSuspended",
            change("bob", member()),
            "ada",
        );
        world.ok(ChangeStatus::Close, &Actor::System);
        refused(
            &mut world,
            "given a closed organization, when changed, then never (LIF-8)",
            "OrganizationClosed",
            change("bob", member()),
            "ada",
        );
        let why = "more than a thousand open ones of one inviter: see the same case of removing";
        let mut apart = World::suspended();
        apart.add("eve", Grant::role("client"));
        let offer = apart.ok(OfferOwnership::new(user("eve"), FormerOwner::Stays), &by("ada")).invitation;
        apart.ok(Accept::inbox(offer, stranger("eve")), &by("eve"));
        apart.ok(SuspendMembers::one(user("eve")), &by("ada"));
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.run(change("eve", member()), &by("eve")),
        );
        cases.are_all_but(&[("TooManySent", why)]);
    }
}
