//! Seats: who takes which, and whether there is one (SEA-1 to SEA-6).

use alloc::vec::Vec;

use crate::operations::end_open_for;
use crate::refusal::{NoSeatLeft, Refusal, SeatClassNotInPlan};
use crate::{
    AccessModel, Actor, Draft, Event, Fault, Grants, InvitationId, Invitee, Member, NotLoaded, Organization,
    RevokedBecause, SeatClass, SeatPolicy, Stop, UserId,
};

/// Why there is no seat.
#[derive(Debug)]
pub(crate) enum NoRoom {
    NoSeatLeft(NoSeatLeft),
    NotInPlan(SeatClassNotInPlan),
}

/// Requires that no more seats of the class are taken than the plan has (SEA-1, SEA-4). To be asked after
/// the seat was taken in the draft, which is rolled back if there was none.
fn require_within(organization: &Organization, class: &SeatClass) -> Result<(), NoRoom> {
    let Some(limit) = organization.plan.seat_limit(class) else {
        return Err(NoRoom::NotInPlan(SeatClassNotInPlan { class: class.clone() }));
    };
    let taken = organization.counts.seat(class).taken();
    match limit {
        crate::Limit::AtMost(limit) if taken > limit => {
            let taken = taken.saturating_sub(1);
            Err(NoRoom::NoSeatLeft(NoSeatLeft { class: class.clone(), limit, taken }))
        }
        _ => Ok(()),
    }
}

/// Takes a seat that was charged to somebody in the draft: there must be room for it, and if there is none,
/// what is past its expiry and was not loaded might make some (SEA-3).
pub(crate) fn require_seat<R>(draft: &mut Draft, class: Option<&SeatClass>) -> Result<(), Stop<R>>
where
    R: Refusal + From<NoRoom>,
{
    let (Some(class), Some(organization)) = (class, draft.organization()) else { return Ok(()) };
    let room = require_within(organization, class).map_err(R::from);
    if room.is_err() && draft.has_more_due() {
        return Err(Stop::MoreDue);
    }
    Ok(draft.rule("SEA-1", room)?)
}

/// What an invitee has been charged for already.
struct Charged {
    /// As a member.
    used: Option<SeatClass>,
    /// By open invitations; they all carry the same class.
    reserved: Option<SeatClass>,
    open: Vec<InvitationId>,
}

fn charged(draft: &Draft, invitee: &Invitee) -> Result<Charged, NotLoaded> {
    let open = draft.open_of(invitee)?.collect::<Vec<_>>();
    Ok(Charged {
        used: draft.member_of(invitee)?.and_then(|member| member.seat.clone()),
        reserved: open.iter().find_map(|row| row.seat.clone()),
        open: open.iter().filter(|row| row.seat.is_some()).map(|row| row.id).collect(),
    })
}

/// The seat class that a new invitation is to carry. One person takes one seat, so:
///
/// - nothing, where invitations do not reserve, or a membership covers it already;
/// - the class that the invitee's other open invitations carry, if it covers it;
/// - else the class that is needed, and the others are moved up to it.
pub(crate) fn reserve(
    model: &AccessModel,
    draft: &mut Draft,
    invitee: &Invitee,
    grants: &Grants,
) -> Result<Option<SeatClass>, Fault> {
    let policy = draft.organization().map(|organization| organization.plan.seat_policy);
    // A holder takes the highest class of all its grants: for a member, of what it will hold.
    let grants = match draft.member_of(invitee)? {
        Some(member) => member.grants.clone().joined(grants),
        None => grants.clone(),
    };
    let (Some(needed), Some(SeatPolicy::ReserveOnInvite)) = (model.seat_class(&grants), policy) else {
        return Ok(None);
    };
    let charged = charged(draft, invitee)?;
    if charged.used.is_some_and(|used| model.seat_covers(&used, needed)) {
        return Ok(None);
    }
    if let Some(reserved) = charged.reserved.filter(|reserved| model.seat_covers(reserved, needed)) {
        return Ok(Some(reserved));
    }
    for id in charged.open {
        draft.emit(Event::SeatReserved { id, seat: Some(needed.clone()) });
    }
    Ok(Some(needed.clone()))
}

/// After an invitation ended or grants less: what its invitee's other open invitations reserve is lowered to
/// what they need, if there is room for that.
pub(crate) fn lower(model: &AccessModel, draft: &mut Draft, invitee: &Invitee) -> Result<(), Fault> {
    let charged = charged(draft, invitee)?;
    let Some(reserved) = charged.reserved else { return Ok(()) };
    let mut needed = None::<&SeatClass>;
    for invitation in draft.open_of(invitee)?.filter(|row| row.seat.is_some()) {
        let class = model.seat_class(&invitation.grants);
        if needed.is_none_or(|needed| class.is_some_and(|class| model.seat_covers(class, needed))) {
            needed = class;
        }
    }
    let Some(needed) = needed else { return Ok(()) };
    if *needed != reserved && model.seat_covers(&reserved, needed) && has_room(draft, needed) {
        for id in charged.open {
            draft.emit(Event::SeatReserved { id, seat: Some(needed.clone()) });
        }
    }
    Ok(())
}

/// Whether one more seat of the class is left.
fn has_room(draft: &Draft, class: &SeatClass) -> bool {
    draft.organization().is_some_and(|organization| {
        let taken = organization.counts.seat(class).taken();
        organization.plan.seat_limit(class).is_some_and(|limit| limit.allows(taken.saturating_add(1)))
    })
}

/// How much was past its time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ended {
    pub(crate) invitations: usize,
    pub(crate) members: usize,
}

/// Ends what was loaded as due, so that it holds no room: the seats of members whose access ended (F14); of
/// invitations neither the seat they reserved, nor the class that they raised their invitee's other invitations to
/// (SEA-3, LIF-7b).
pub(crate) fn end_due(model: &AccessModel, draft: &mut Draft) -> Result<Ended, Fault> {
    let mut ended = Ended::default();
    for user in draft.due_members() {
        ended.members += usize::from(end_access_if_due(model, draft, &user)?);
    }
    for id in draft.due_ids() {
        ended.invitations += usize::from(end_if_due(model, draft, id)?);
    }
    Ok(ended)
}

/// Takes from a member what they hold past its time, and the seat that it took; who holds nothing else is no member any
/// more (F14). Whether there was any.
pub(crate) fn end_access_if_due(
    model: &AccessModel,
    draft: &mut Draft,
    user: &UserId,
) -> Result<bool, Fault> {
    let now = draft.now();
    let over = |member: &&Member| member.ends_at().is_some_and(|end| end <= now);
    let Some(member) = draft.member(user)?.filter(over).cloned() else { return Ok(false) };
    let grants = member.grants.running(now);
    let seat = seat_after(model, draft, Some(&member), &grants);
    let gone = grants.is_empty();
    draft.emit_as(Actor::System, Event::MemberAccessEnded { user: user.clone(), grants, seat });
    if gone {
        end_open_for(draft, &member, RevokedBecause::InviteeRemoved)?;
    }
    Ok(true)
}

/// The same for one open invitation; whether it was ended.
pub(crate) fn end_if_due(model: &AccessModel, draft: &mut Draft, id: InvitationId) -> Result<bool, Fault> {
    let Some(invitee) = draft.end_if_due(id) else { return Ok(false) };
    lower(model, draft, &invitee)?;
    Ok(true)
}

/// After somebody became a member or holds more: what their open invitations reserve beside it, though the
/// membership covers what they need, is let go.
pub(crate) fn release_covered(
    model: &AccessModel,
    draft: &mut Draft,
    invitee: &Invitee,
    member: &Member,
) -> Result<(), Fault> {
    let covered = |row: &&crate::Invitation| {
        let all = member.grants.clone().joined(&row.grants);
        let covers = |needed| member.seat.as_ref().is_some_and(|seat| model.seat_covers(seat, needed));
        row.seat.is_some() && model.seat_class(&all).is_none_or(covers)
    };
    let ids = draft.open_of(invitee)?.filter(covered).map(|row| row.id).collect::<Vec<_>>();
    for id in ids {
        draft.emit(Event::SeatReserved { id, seat: None });
    }
    lower(model, draft, invitee)
}

/// The seat class that a member with these grants is charged to.
pub(crate) fn seat_of(model: &AccessModel, grants: &Grants) -> Option<SeatClass> {
    model.seat_class(grants).cloned()
}

/// The seat class that somebody is charged to once they hold these grants. Where a lower class than the one they
/// are charged to would do and has no room, theirs stays, which covers it: that a right is taken away is never
/// refused for want of a seat (C5). Who is suspended takes none.
pub(crate) fn seat_after(
    model: &AccessModel,
    draft: &Draft,
    before: Option<&Member>,
    grants: &Grants,
) -> Option<SeatClass> {
    if before.is_some_and(|member| !member.is_active()) {
        return None;
    }
    let needed = model.seat_class(grants)?;
    let charged = before.and_then(|member| member.seat.as_ref());
    let higher = charged.filter(|charged| *charged != needed && model.seat_covers(charged, needed));
    Some(higher.filter(|_| !has_room(draft, needed)).unwrap_or(needed).clone())
}

/// Whether a change of what a member is charged to takes a seat that was not taken before.
pub(crate) fn takes_another(before: Option<&Member>, after: Option<&SeatClass>) -> bool {
    after.is_some() && before.and_then(|member| member.seat.as_ref()) != after
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_one_that_needs_a_higher_seat_when_another_is_accepted_then_it_stays_reserved_sea_3() {
        let mut world = World::with(team_of(1));
        let bob = || address("bob@example.com");
        let lower = world.invite(bob(), Grant::role("client"), &by("ada"));
        let higher = world.invite(bob(), in_group("member", "blue"), &by("ada"));
        world.ok(Accept::inbox(lower, person("bob")), &by("bob"));
        assert_eq!((world.seats("client"), world.seats("team")), ((1, 0), (0, 1)));
        let another = Invite::new(address("eve@example.com"), Grant::role("member"));
        let refused = world.run(another, &by("ada")).unwrap_err();
        assert!(matches!(refused, InviteRefused::NoSeatLeft(_)), "{refused:?}");
        world.ok(Accept::inbox(higher, person("bob")), &by("bob"));
        assert_eq!((world.seats("client"), world.seats("team")), ((0, 0), (1, 0)));
    }

    fn until(world: &World, days: i64) -> chrono::DateTime<chrono::Utc> {
        world.now + chrono::TimeDelta::days(days)
    }

    #[test]
    fn given_access_until_a_date_when_the_clock_passes_it_then_nothing_is_held_and_no_seat_is_taken_f14_sea_3()
     {
        let mut world = World::with(team_of(1));
        let end = until(&world, 30);
        world.add("bob", [Grant::role("client"), in_group("member", "red").until(end)]);
        world.add("eve", Grant::role("client").until(end));
        let tick = chrono::TimeDelta::microseconds(1);
        let may = |world: &World, id: &str| {
            let organization = world.organization();
            let grants = &world.member(id).unwrap().grants;
            let by = Authority::of(&world.model, organization, Some(grants), world.now);
            by.may(&"posts.publish".into(), &Scope::Group(group("red")))
                || by.may(&"posts.view".into(), &Scope::Organization)
        };
        world.now = end - tick;
        assert_eq!(world.ok(Tidy::new(9), &Actor::System).access_ended, 0);
        assert!(may(&world, "eve") && may(&world, "bob"));
        world.now = end;
        assert!(!may(&world, "eve"), "at once, before anything is written down");
        let before = world.events();
        // Somebody else finds the seat.
        world.invite("dan@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.kinds_since(before)[..2], ["member-access-ended"; 2]);
        assert_eq!(world.rows().events[before].actor, Actor::System, "nobody asked for it");
        assert_eq!(world.member("eve"), None, "who holds nothing else is no member any more");
        assert_eq!(world.member("bob").unwrap().grants, Grant::role("client").into());
        assert_eq!((world.seats("team"), world.seats("client")), ((0, 1), (1, 0)));
        assert_eq!(world.ok(Tidy::new(9), &Actor::System).access_ended, 0);
    }

    #[test]
    fn given_more_than_come_with_a_command_when_room_is_needed_then_all_of_them_make_it_f14_sea_3() {
        let many = Reads::DUE + 6;
        let mut world = World::with(team_of(many));
        let end = until(&world, 1);
        let members = (0..many)
            .map(|n| NewMember::new(user(&std::format!("m{n:03}")), Grant::role("member").until(end)));
        world.ok(AddMembers::many(members), &Actor::System);
        world.now = end;
        // Of those who are not among the first.
        let last = user(&std::format!("m{:03}", many - 1));
        let again = Invite::new(InviteeEntry::new(last), Grant::role("member"));
        assert_eq!(world.ok(again, &by("ada")).len(), 1);
        assert_eq!((world.seats("team"), world.rows().members.len()), ((0, 1), 1));
    }

    #[test]
    fn given_access_that_ends_when_granting_then_nothing_lasts_longer_f14_aut_2() {
        let mut world = World::new();
        world.by_links(["red"]);
        let end = until(&world, 30);
        world.add("lea", Grant::role("lead").adding(Permission::LINKS).until(end));
        let invite = |grant: Grant| Invite::new("bob@example.com", grant);
        for longer in
            [Grant::role("member"), Grant::role("member").until(until(&world, 31)), in_group("client", "red")]
        {
            let refused = world.run(invite(longer.clone()), &by("lea")).unwrap_err();
            let InviteRefused::NotGrantable(why) = refused else { panic!("{refused:?}") };
            assert_eq!(*why.missing(), Missing::Time);
            let link = world.run(CreateLink::new(LinkSettings::new("x", longer)), &by("lea"));
            assert_eq!(link.unwrap_err().code(), "not-grantable");
        }
        let id = world.invite("bob@example.com", Grant::role("member").until(end), &by("lea"));
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        let longer = ChangeAccess::new(user("bob"), Grant::role("member"));
        assert_eq!(world.run(longer, &by("lea")).unwrap_err().code(), "not-grantable");
        world.add("eve", [Grant::role("lead"), in_group("lead", "red").until(end)]);
        world.invite("dan@example.com", in_group("client", "red"), &by("eve"));
    }

    #[test]
    fn given_a_membership_that_ends_when_joining_or_creating_a_group_then_it_ends_all_the_same_f14() {
        let mut world = World::of(model().creators_role("lead"), roomy());
        let open = GroupSettings::named("Red").open_with(Access::role("client"));
        world.ok(ChangeGroup::new(group("red"), open), &by("ada"));
        let end = until(&world, 30);
        world.add("bob", Grant::role("client").adding(Permission::CREATE_GROUPS).until(end));
        world.ok(JoinGroup::new(group("red"), person("bob")), &by("bob"));
        world.ok(CreateGroup::new(group("green"), GroupSettings::named("Green")), &by("bob"));
        assert_eq!(
            world
                .member("bob")
                .unwrap()
                .grants
                .iter()
                .map(|(_, access)| access.ends_at())
                .collect::<std::vec::Vec<_>>(),
            [Some(end); 3]
        );
        world.now = end;
        let joins = world.run(JoinGroup::new(group("red"), person("bob")), &by("bob"));
        assert_eq!(joins.unwrap_err().code(), "unknown-member");
    }

    #[test]
    fn given_what_an_invitation_or_a_link_grants_for_some_time_when_it_is_over_then_the_rest_is_joined_f14_lif_10()
     {
        let mut world = World::new();
        world.by_links(["red"]);
        let end = until(&world, 3);
        let both = [Grant::role("client"), in_group("client", "red").until(end)];
        let some = world.invite("bob@example.com", both.clone(), &by("ada"));
        let none = world.invite("eve@example.com", Grant::role("client").until(end), &by("ada"));
        let link = world.make_link(LinkSettings::new("x", both));
        let over = world.make_link(LinkSettings::new("y", Grant::role("client").until(end)));
        world.now = end;
        let accepted = world.ok(Accept::inbox(some, person("bob")), &by("bob"));
        assert_eq!(accepted.grants, Grant::role("client").into());
        assert_eq!(world.join_by(link, "fay").unwrap().grants, Grant::role("client").into());
        let refused = world.run(Accept::inbox(none, person("eve")), &by("eve")).unwrap_err();
        assert_eq!((refused.code(), refused.rule()), ("expired", "LIF-1"));
        let refused = world.join_by(over, "eve").unwrap_err();
        assert_eq!((refused.code(), refused.rule()), ("no-longer-available", "LIF-10"));
    }

    #[test]
    fn given_somebody_whose_time_is_over_when_anything_is_done_about_them_then_they_are_none_any_more_f14() {
        let mut world = World::new();
        let end = until(&world, 3);
        world.add("bob", Grant::role("client").until(end));
        let to_bob = world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        world.now = end;
        let bob = || user("bob");
        assert_eq!(world.run(RemoveMembers::one(bob()), &by("ada")).unwrap_err().code(), "unknown-member");
        assert_eq!(world.run(SuspendMembers::one(bob()), &by("ada")).unwrap_err().code(), "unknown-member");
        assert_eq!(world.run(Leave::new(bob()), &by("bob")).unwrap_err().code(), "unknown-member");
        let change = ChangeAccess::new(bob(), Grant::role("client"));
        assert_eq!(world.run(change, &by("ada")).unwrap_err().code(), "unknown-member");
        let offer = OfferOwnership::new(bob(), FormerOwner::Stays);
        assert_eq!(world.run(offer, &by("ada")).unwrap_err().code(), "unknown-member");
        world.ok(AddMembers::one(NewMember::new(bob(), Grant::role("client"))), &by("ada"));
        assert_eq!(
            world.state(to_bob),
            InvitationState::Revoked,
            "what was open ended with the membership (LIF-7c)"
        );
        assert_eq!(world.member("bob").unwrap().ends_at(), None);
    }

    #[test]
    fn given_a_membership_that_ended_when_its_invitation_is_touched_then_it_was_revoked_with_it_f14_lif_1() {
        let mut world = World::new();
        let end = until(&world, 3);
        world.add("bob", Grant::role("client").until(end));
        let open = world.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        world.now = end;
        let revoked = |refused: Result<(), &'static str>| assert_eq!(refused, Err("revoked"));
        let resend = world.run(Resend::new(open), &by("ada"));
        revoked(resend.map(drop).map_err(|why| why.code()));
        let edit = world.run(Edit::new(open).grants(in_group("client", "blue")), &by("ada"));
        revoked(edit.map(drop).map_err(|why| why.code()));
        let accept = world.run(Accept::inbox(open, person("bob")), &by("bob"));
        revoked(accept.map(drop).map_err(|why| why.code()));
        world.ok(Tidy::new(9), &Actor::System);
        assert_eq!(world.state(open), InvitationState::Revoked, "as it is once that is written down");
    }

    #[test]
    fn given_a_membership_that_ended_when_they_are_proposed_again_then_that_is_decided_f14_f21() {
        let mut world = World::new();
        let end = until(&world, 3);
        world.add("bob", Grant::role("client").until(end));
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        world.now = end;
        let id = world.propose(user("bob"), Grant::role("client"), "mia");
        assert_eq!(world.request(id).state_at(world.now), RequestState::Pending);
    }

    #[test]
    fn given_a_membership_that_ended_when_they_ask_to_join_again_then_they_are_no_member_f14_e1() {
        let mut world = World::new();
        let end = until(&world, 3);
        world.add("bob", Grant::role("client").until(end));
        let link = LinkSettings::new("Clients", Grant::role("client")).by_request();
        let link = world.make_link(link);
        let by_request = GroupSettings::named("Red").by_request_with(Access::role("client"));
        world.ok(ChangeGroup::new(group("red"), by_request), &by("ada"));
        world.now = end;
        let to_red = AskToJoin::group(group("red"), person("bob"));
        assert_eq!(world.run(to_red, &by("bob")).unwrap_err().code(), "unknown-member");
        let ask = AskToJoin::link(world.link_token(link), person("bob"));
        let id = world.ok(ask, &by("bob")).request;
        assert_eq!(world.request(id).state_at(world.now), RequestState::Pending);
        assert!(world.member("bob").is_none());
    }

    #[test]
    fn given_an_invitation_to_what_ends_when_that_is_over_then_the_seat_and_the_place_are_free_f14_sea_3() {
        let mut world = World::with(team_of(1));
        let end = until(&world, 3);
        let short =
            || Invite::new("bob@example.com", Grant::role("member").until(end)).expires_at(Expiry::Never);
        let id = world.ok(short(), &by("ada")).invitations().next().unwrap();
        assert_eq!(world.invitation(id).expires_at, Expiry::At(end));
        let longer =
            world.ok(Edit::new(id).grants(Grant::role("member").until(until(&world, 9))), &by("ada"));
        assert_eq!(longer.expires_at, Expiry::At(end), "nobody asked for a longer life");
        world.ok(Edit::new(id).grants(Grant::role("member").until(until(&world, 2))), &by("ada"));
        assert_eq!(world.invitation(id).expires_at, Expiry::At(until(&world, 2)));
        world.now = until(&world, 2);
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!((world.state(id), world.seats("team")), (InvitationState::Expired, (0, 1)));
        let again = world.run(Resend::new(id), &by("ada")).unwrap_err();
        assert_eq!(again.code(), "invalid-end", "there is nothing left to send");
        let start = until(&world, 5);
        let backwards = Invite::new("dan@example.com", Grant::role("client").until(start)).starts_at(start);
        assert_eq!(world.run(backwards, &by("ada")).unwrap_err().code(), "invalid-end");
    }

    #[test]
    fn given_one_of_several_grants_that_ended_when_resent_or_living_longer_then_the_rest_is_f14() {
        let mut world = World::new();
        let (end, never) = (until(&world, 3), Expiry::Never);
        let both = [Grant::role("client"), in_group("client", "red").until(end)];
        let id = world.invite("bob@example.com", both, &by("ada"));
        world.now = end;
        world.ok(Resend::new(id), &by("ada"));
        world.ok(Edit::new(id).expires_at(never), &by("ada"));
        let accepted = world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        assert_eq!(accepted.grants, Grant::role("client").into());
    }

    #[test]
    fn given_one_that_waits_when_the_list_asks_for_a_start_then_it_is_not_sent_again_f14() {
        let mut world = World::new();
        let start = until(&world, 10);
        let invite = || Invite::new("bob@example.com", Grant::role("client")).on_pending(OnPending::Resend);
        let id = world.ok(invite(), &by("ada")).invitations().next().unwrap();
        let later = world.run(invite().starts_at(start), &by("ada")).unwrap_err();
        assert_eq!(later.code(), "already-invited");
        world.ok(Revoke::one(id), &by("ada"));
        let id = world.ok(invite().starts_at(start), &by("ada")).invitations().next().unwrap();
        world.ok(invite(), &by("ada"));
        let expires_at = Expiry::At(start + chrono::TimeDelta::days(7));
        assert_eq!(world.invitation(id).expires_at, expires_at, "it begins when it was to begin");
    }

    #[test]
    fn given_an_owner_when_their_time_in_a_group_is_over_then_they_stay_an_owner_aut_8_f14() {
        let mut world = World::new();
        let end = until(&world, 3);
        world.add("bob", in_group("client", "red").until(end));
        let offer = world
            .ok(
                OfferOwnership::new(user("bob"), FormerOwner::Becomes(Access::role("admin").until(end))),
                &by("ada"),
            )
            .invitation;
        world.ok(Accept::inbox(offer, stranger("bob")), &by("bob"));
        world.now = end;
        assert_eq!(world.ok(Tidy::new(9), &Actor::System).access_ended, 2);
        assert!(world.member("bob").unwrap().is_owner() && world.member("ada").is_none());
        assert_eq!(world.organization().counts.owners, 1);
    }

    #[test]
    fn given_an_invitation_that_begins_later_then_it_is_mailed_accepted_and_reminded_of_from_then_on_f14() {
        let mut world = World::with(team_of(1));
        let start = until(&world, 10);
        let invite = || Invite::new("bob@example.com", Grant::role("member")).starts_at(start);
        let id = world.ok(invite(), &by("ada")).invitations().next().unwrap();
        assert_eq!(world.invitation(id).expires_at, Expiry::At(start + chrono::TimeDelta::days(7)));
        let mail = world.rows().deliveries.values().next().unwrap().clone();
        assert_eq!((mail.due_at, mail.created_at), (start, world.now));
        assert_eq!(
            (world.seats("team"), world.state(id)),
            ((0, 1), InvitationState::Pending),
            "the seat is kept for it"
        );
        let token = world.token(id, Purpose::Copied);
        let accept = || Accept::token(token.clone(), person("bob"));
        let preview = |world: &World| {
            let preview = PreviewToken::new(token.clone()).by(person("bob"));
            let draft = world.look(&preview.reads());
            preview.decide(&world.host(), &draft, AccountKnown::Unsaid).unwrap()
        };
        world.now = start - chrono::TimeDelta::microseconds(1);
        let seen = preview(&world);
        assert_eq!(
            (seen.status, seen.next, seen.starts_at),
            (PreviewStatus::NotYet, Next::Wait, Some(start))
        );
        let refused = world.run(accept(), &by("bob")).unwrap_err();
        assert_eq!((refused.code(), refused.rule()), ("not-yet", "F14"));
        assert_eq!(world.run(Remind::new(id), &by("ada")).unwrap_err().code(), "not-yet");
        world.ok(Resend::new(id), &by("ada"));
        let again = world.rows().deliveries.values().find(|mail| mail.revision == 1).unwrap();
        assert_eq!(again.due_at, start);
        assert_eq!(world.invitation(id).expires_at, Expiry::At(start + chrono::TimeDelta::days(7)));
        world.now = start;
        assert_eq!(preview(&world).starts_at, None);
        let token = world.token(id, Purpose::Copied);
        world.ok(Accept::token(token, person("bob")), &by("bob"));
        for wrong in
            [world.now, world.now - chrono::TimeDelta::days(1), world.now + chrono::TimeDelta::days(40_000)]
        {
            let invite = Invite::new("eve@example.com", Grant::role("client")).starts_at(wrong);
            assert_eq!(world.run(invite, &by("ada")).unwrap_err().code(), "invalid-start");
        }
    }
}
