//! Edit a pending invitation.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::invite::check_granting;
use super::revoke::require_over_row;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, AlreadyMember, NotPending, UnknownInvitation, refused, refused_for_authority,
    refused_for_grants, refused_for_groups, refused_for_seats, refused_when_closed,
};
use crate::rules::{authority, expiry, organization, pending_at_places, require_continue_to, require_open};
use crate::seats::{end_due, lower, require_seat, reserve};
use crate::{
    Actor, Draft, Event, Expiry, Grants, Host, InvitationId, InvitationKind, InvitationState, Operation,
    Permission, Reads, Stop,
};

/// Changes what a pending invitation grants, its expiry, or where it leads on to. The link stays the same.
///
/// Needs authority over what it grants now and over what it shall grant (AUT-1, AUT-2). To let it live longer is
/// to grant, as resending is. Whoever grants by editing is the inviter from then on, so that acceptance asks after
/// their authority (AUT-4), and their removal settles it (AUT-5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    invitation: InvitationId,
    grants: Option<Grants>,
    expires_at: Option<Expiry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_to: Option<Option<String>>,
}

impl Edit {
    /// This invitation.
    #[must_use]
    pub fn new(invitation: InvitationId) -> Self {
        Self { invitation, grants: None, expires_at: None, continue_to: None }
    }

    /// What it grants from now on.
    #[must_use]
    pub fn grants(mut self, grants: impl Into<Grants>) -> Self {
        self.grants = Some(grants.into());
        self
    }

    /// When it ends from now on.
    #[must_use]
    pub fn expires_at(mut self, expiry: Expiry) -> Self {
        self.expires_at = Some(expiry);
        self
    }

    /// Where the invitee goes on after accepting, from now on: a page that the host allows (F20). See
    /// [`ContinueUrls`](crate::ContinueUrls).
    #[must_use]
    pub fn continue_to(mut self, url: impl Into<String>) -> Self {
        self.continue_to = Some(Some(url.into()));
        self
    }

    /// The invitee goes on to wherever the host sends everybody.
    #[must_use]
    pub fn continue_by_default(mut self) -> Self {
        self.continue_to = Some(None);
        self
    }
}

/// What came of editing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edited {
    /// The invitation.
    pub invitation: InvitationId,
    /// What it grants now.
    pub grants: Grants,
    /// When it ends now.
    pub expires_at: Expiry,
    /// Where the invitee goes on after accepting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continue_to: Option<String>,
}

refused! {
    /// Why an invitation was not edited.
    EditRefused:
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotPermitted, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled, TooLarge,
        AlreadyMember, AlreadyInvited, InvalidExpiry, NoSeatLeft, SeatClassNotInPlan, UnknownGroup, GroupArchived,
        GroupClosed, ContinueUrlNotAllowed
}
refused_when_closed!(EditRefused);
refused_for_grants!(EditRefused);
refused_for_groups!(EditRefused);
refused_for_authority!(EditRefused);
refused_for_seats!(EditRefused);

impl Sealed for Edit {}

impl Operation for Edit {
    type Outcome = Edited;
    type Refusal = EditRefused;
    const NAME: &'static str = "edit";

    fn reads(&self, actor: &Actor) -> Reads {
        let reads = Reads::new().actor(actor).invitation(self.invitation).due();
        self.grants.iter().fold(reads, Reads::groups_in)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        // Before anything is said of it: the end of a membership ends what is open for the member.
        end_due(host.model, draft)?;
        let id = self.invitation;
        let row = draft.invitation(id)?.cloned().ok_or(EditRefused::from(UnknownInvitation {}))?;
        let state = row.state_at(draft.now());
        let by = authority::<EditRefused>(host, draft, actor)?;
        let over = require_over_row(&by, &Permission::INVITE, &row).map_err(EditRefused::from);
        draft.rule("AUT-1", over)?;
        let pending = state == InvitationState::Pending;
        draft.require("LIF-1", pending, || EditRefused::from(NotPending { state }))?;

        require_continue_to::<EditRefused>(host, draft, self.continue_to.iter().flatten().next())?;
        let continue_to = self.continue_to.as_ref().unwrap_or(&row.continue_to).clone();
        let expires_at = match self.expires_at {
            None => row.expires_at,
            asked => {
                let start = row.begins_after(draft.now()).unwrap_or(draft.now());
                expiry(host.model, organization(draft)?, start, asked).map_err(EditRefused::from)?
            }
        };
        let grants = match (&self.grants, &row.kind) {
            (Some(grants), InvitationKind::Membership) => grants.clone(),
            _ => row.grants.clone(),
        };
        let expires_at = expires_at.within(&grants);
        let lives_longer = expires_at > row.expires_at && row.kind == InvitationKind::Membership;
        let granting = grants != row.grants || lives_longer;
        if grants != row.grants {
            check_granting(host, actor, draft, &grants)?;
        } else if granting {
            check_granting(host, actor, draft, &grants.running_or_all(draft.now()))?;
        }
        if grants != row.grants {
            let holds_all = draft
                .member_of(&row.invitee)?
                .map(|member| member.grants.running(draft.now()))
                .is_some_and(|held| held.hold_in_all(&grants));
            draft.require("IDN-10", !holds_all, || EditRefused::from(AlreadyMember {}))?;
            let open = pending_at_places(host.model, draft, &row.invitee, &grants)?;
            let other = open.iter().find(|open| open.id != id);
            let answer = other.map_or(Ok(()), |other| {
                Err(AlreadyInvited { invitation: other.id, expires_at: other.expires_at })
            });
            draft.rule("CON-3", answer.map_err(EditRefused::from))?;
        }
        if grants != row.grants || expires_at != row.expires_at || continue_to != row.continue_to {
            let (grants, continue_to) = (grants.clone(), continue_to.clone());
            draft.emit(Event::InvitationEdited { id, grants, expires_at, continue_to });
        }
        if granting && row.inviter != *actor {
            draft.emit(Event::InvitationHandedOver { id, to: actor.clone() });
        }
        if grants != row.grants {
            let seat = reserve(host.model, draft, &row.invitee, &grants)?;
            if draft.invitation(id)?.is_some_and(|now| now.seat != seat) {
                draft.emit(Event::SeatReserved { id, seat: seat.clone() });
            }
            if seat != row.seat {
                require_seat(draft, seat.as_ref())?;
            }
            lower(host.model, draft, &row.invitee)?;
        }
        Ok(Edited { invitation: id, grants, expires_at, continue_to })
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    const BOB: &str = "bob@example.com";

    #[test]
    fn given_a_pending_one_when_edited_then_link_and_revision_stay_and_seats_follow_the_grants_sea_2() {
        let mut world = World::with(team_of(1));
        let id = world.invite(BOB, Grant::role("client"), &by("ada"));
        let token = world.mail(id);
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
        world.ok(Edit::new(id).grants(Grant::role("member")), &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (0, 0)));
        world.ok(Edit::new(id).grants(Grant::role("client").removing("posts.view")), &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
        let accepted = world.ok(Accept::token(token, stranger("bob")), &by("bob"));
        assert!(
            !world
                .model
                .includes(accepted.grants.access(&Scope::Organization).unwrap(), &"posts.view".into())
        );
    }

    #[test]
    fn given_two_for_one_person_when_the_higher_is_edited_down_then_both_follow_sea_3() {
        let mut world = World::with(team_of(1));
        world.invite(BOB, in_group("client", "red"), &by("ada"));
        let blue = world.invite(BOB, in_group("member", "blue"), &by("ada"));
        world.ok(Edit::new(blue).grants(in_group("client", "blue")), &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 0), (0, 1)));
        world.ok(Edit::new(blue).grants(in_group("member", "blue")), &by("ada"));
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (0, 0)));
    }

    #[test]
    fn given_other_scopes_when_edited_then_places_move_con_3() {
        let mut world = World::new();
        let id = world.invite(BOB, in_group("member", "red"), &by("ada"));
        world.ok(Edit::new(id).grants([in_group("member", "blue"), Grant::role("client")]), &by("ada"));
        world.invite(BOB, in_group("member", "red"), &by("ada"));
        let back = Edit::new(id).grants(in_group("member", "red"));
        assert_eq!(world.run(back, &by("ada")).unwrap_err().code(), "already-invited");
    }

    #[test]
    fn given_an_expired_one_at_the_new_place_when_edited_then_it_gives_way_lif_7b() {
        let mut world = World::new();
        world.invite(BOB, in_group("member", "red"), &by("ada"));
        world.wait(TimeDelta::days(7));
        let id = world.invite(BOB, in_group("member", "blue"), &by("ada"));
        world.ok(Edit::new(id).grants([in_group("member", "blue"), in_group("member", "red")]), &by("ada"));
        assert_eq!(world.rows().open().count(), 1);
    }

    #[test]
    fn given_an_expired_one_at_the_new_place_and_many_that_expired_before_it_when_edited_then_it_gives_way_lif_7b()
     {
        let mut world = World::new();
        world.invite(BOB, in_group("member", "red"), &by("ada"));
        let id = world.ok(Invite::new(BOB, in_group("member", "blue")).expires_at(Expiry::Never), &by("ada"));
        let id = id.invitations().next().unwrap();
        // Longer past their expiry, and more than are loaded as due.
        for position in 0..70 {
            let soon = Expiry::At(world.now + TimeDelta::minutes(1));
            let other = Invite::new(address(&format!("{position}@example.com")), Grant::role("member"));
            world.ok_unchecked(other.expires_at(soon), &by("ada"));
        }
        world.wait(TimeDelta::days(7));
        world.ok(Edit::new(id).grants([in_group("member", "blue"), in_group("member", "red")]), &by("ada"));
        assert_eq!(world.state(id), InvitationState::Pending);
    }

    #[test]
    fn given_a_new_expiry_when_edited_then_it_holds_from_now_on_lif_5() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let (before, grants) = (world.events(), world.invitation(id).grants.clone());
        world.ok(Edit::new(id).grants(grants), &by("ada"));
        assert_eq!(world.events(), before, "what changes nothing is no fact");
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        world.ok(Edit::new(id).expires_at(soon), &by("ada"));
        world.wait(TimeDelta::hours(1));
        assert_eq!(world.state(id), InvitationState::Expired);
    }

    #[test]
    fn given_grants_beyond_ones_own_when_edited_then_it_may_end_earlier_and_never_later_aut_1() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead").restricted("account", Restriction::only(["a"])));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let edit = |days| Edit::new(id).expires_at(Expiry::At(world.now + TimeDelta::days(days)));
        let (later, same, earlier) = (edit(8), edit(7), edit(6));
        assert_eq!(world.run(later.clone(), &by("lea")).unwrap_err().code(), "not-grantable");
        assert_eq!(
            world.run(Edit::new(id).expires_at(Expiry::Never), &by("lea")).unwrap_err().code(),
            "not-grantable"
        );
        world.ok(same, &by("lea"));
        assert_eq!(world.invitation(id).inviter, by("ada"), "to leave it as it is grants nothing");
        world.ok(earlier, &by("lea"));
        world.ok(later, &by("ada"));
    }

    #[test]
    fn given_one_of_somebody_elses_when_edited_then_acceptance_asks_after_the_editor_aut_4() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        let id = world.invite(BOB, Grant::role("member"), &by("lea"));
        let before = world.events();
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        world.ok(Edit::new(id).expires_at(soon), &by("ada"));
        assert_eq!(world.invitation(id).inviter, by("lea"), "to end earlier is not to grant");
        world.ok(Edit::new(id).grants(Grant::role("admin")), &by("ada"));
        assert_eq!(world.invitation(id).inviter, by("ada"));
        let kinds = ["invitation-edited", "invitation-edited", "invitation-handed-over"];
        assert_eq!(world.kinds_since(before), kinds);
        let mut by_host = world.clone();
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        by_host.ok(Edit::new(id).expires_at(Expiry::Never), &Actor::System);
        assert_eq!(by_host.invitation(id).inviter, Actor::System);
    }

    #[test]
    fn given_an_editor_who_is_removed_when_settled_then_what_they_edited_ends_aut_5() {
        let edits =
            |id| [Edit::new(id).grants(Grant::role("admin")), Edit::new(id).expires_at(Expiry::Never)];
        for position in 0..2 {
            let mut world = World::new();
            world.add("dan", Grant::role("admin"));
            let id = world.invite(BOB, Grant::role("client"), &by("ada"));
            world.ok(edits(id)[position].clone(), &by("dan"));
            let mut kept = world.clone();
            let remove = RemoveMembers::one(user("dan"));
            let settling = remove.clone().their_invitations(TheirInvitations::Revoke);
            assert_eq!(world.ok(settling, &by("ada")).results[0].settled.revoked, 1);
            assert_eq!(world.state(id), InvitationState::Revoked);
            kept.ok(remove, &by("ada"));
            let refusal = kept.run(Accept::inbox(id, person("bob")), &by("bob")).unwrap_err();
            assert_eq!(refusal.code(), "inviter-no-longer-may");
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("EditRefused", include_str!("edit.rs"));
        let mut world = World::with(team_of(2).entitled("line", Restriction::only(["a"])));
        let member = || Grant::role("member");
        world.add("lea", Grant::role("lead"));
        let id = world.invite(BOB, Grant::role("client"), &by("ada"));
        let edit = |world: &mut World, grants: Grants, actor: &str| {
            world.run(Edit::new(id).grants(grants), &by(actor))
        };
        cases.refused(
            "given an id of nothing, when edited, then it is unknown",
            "UnknownInvitation",
            world.run(Edit::new(InvitationId::from_parts(MIN_TIME, [0; 10])), &by("ada")),
        );
        cases.refused(
            "given no member, when edited, then a permission is missing (AUT-1)",
            "NotPermitted",
            edit(&mut world, member().into(), "eve"),
        );
        let ungrantable = [
            ("NotGrantable", Grant::role("lead").into(), "lea"),
            ("GrantsMissing", Grants::default(), "ada"),
            ("UnknownRole", Grant::role("king").into(), "ada"),
            ("UnknownPermission", member().adding("fly").into(), "ada"),
            ("UnknownResourceKind", member().restricted("moon", Restriction::All).into(), "ada"),
            ("NeverGrantable", Grant::role("client").adding("accounts.delete").into(), "ada"),
            ("NotEntitled", member().restricted("line", Restriction::only(["b"])).into(), "ada"),
            ("InvalidEnd", member().until(MIN_TIME).into(), "ada"),
            ("TooLarge", (0..65).map(|n| in_group("member", &std::format!("{n}"))).collect(), "ada"),
        ];
        for (reason, grants, actor) in ungrantable {
            cases.refused(
                "given grants that the actor cannot give, when edited, then it says why (AUT-2, AUT-3)",
                reason,
                edit(&mut world, grants, actor),
            );
        }
        let mut shut = world.clone();
        shut.shut_groups();
        for (reason, group) in SHUT {
            cases.refused(
                "given a group in which nothing can be granted, when edited to it, then it says why (LIF-10)",
                reason,
                edit(&mut shut, in_group("client", group).into(), "ada"),
            );
        }
        let above = world.invite("a@example.com", Grant::role("admin"), &by("ada"));
        cases.refused(
            "given one above one's authority, when edited to less, then it is not theirs to edit (AUT-1)",
            "NotGrantable",
            world.run(Edit::new(above).grants(Grant::role("client")), &by("lea")),
        );
        cases.refused(
            "given an expiry that is not ahead, when edited, then it is not valid (LIF-4)",
            "InvalidExpiry",
            world.run(Edit::new(id).expires_at(Expiry::At(world.now)), &by("ada")),
        );
        cases.refused(
            "given a page that the host does not list, when edited to lead there, then not (F20, WEB-3)",
            "ContinueUrlNotAllowed",
            world.run(Edit::new(id).continue_to("https://evil.example/"), &by("ada")),
        );
        world.invite(BOB, in_group("client", "red"), &by("ada"));
        cases.refused(
            "given another at the new place, when edited, then it is taken (CON-3)",
            "AlreadyInvited",
            edit(&mut world, in_group("client", "red").into(), "ada"),
        );
        let mut joined = world.clone();
        joined.add("bob", in_group("client", "blue"));
        cases.refused(
            "given a member of a group, when edited to that group, then they are one already (IDN-10)",
            "AlreadyMember",
            edit(&mut joined, in_group("client", "blue").into(), "ada"),
        );
        cases.refused(
            "given no seat of the class, when edited up, then none is left (SEA-1)",
            "NoSeatLeft",
            edit(&mut world, member().into(), "ada"),
        );
        world.ok(ChangePlan::new(Plan::seats("client", 9)), &Actor::System);
        cases.refused(
            "given a plan without the class, when edited up, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            edit(&mut world, member().into(), "ada"),
        );
        let mut suspended = world.clone();
        suspended.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, when edited, then not now (LIF-8)",
            "OrganizationSuspended",
            edit(&mut suspended, member().into(), "ada"),
        );
        suspended.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when edited, then never (LIF-8)",
            "OrganizationClosed",
            edit(&mut suspended, member().into(), "ada"),
        );
        world.wait(TimeDelta::days(7));
        cases.refused(
            "given an expired one, when edited, then it is over (LIF-1)",
            "NotPending",
            edit(&mut world, member().into(), "ada"),
        );
        cases.are_all_but(&[]);
    }
}
