//! Seats: who takes which, and whether there is one (SEA-1 to SEA-6).

use alloc::vec::Vec;

use crate::refusal::{NoSeatLeft, Refusal, SeatClassNotInPlan};
use crate::{
    AccessModel, Draft, Event, Fault, Grants, InvitationId, Invitee, Member, NotLoaded, Organization,
    SeatClass, SeatPolicy, Stop,
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

/// Ends what was loaded as due, so that it holds no room: neither the seat it reserved, nor the class that it
/// raised its invitee's other invitations to (SEA-3, LIF-7b). How many were ended.
pub(crate) fn end_due(model: &AccessModel, draft: &mut Draft) -> Result<usize, Fault> {
    let mut ended = 0;
    for id in draft.due_ids() {
        ended += usize::from(end_if_due(model, draft, id)?);
    }
    Ok(ended)
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
}
