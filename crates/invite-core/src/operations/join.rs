//! Becoming a member: the one way in, whatever leads to it (AUT-6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::refusal::{AddressOfAnotherMember, AlreadyMember, DomainNotAllowed, Refusal};
use crate::rules::{open_at_places, organization, require_domain};
use crate::seats::{NoRoom, release_covered, require_seat, seat_of, takes_another};
use crate::{
    AccessModel, Draft, EmailAddress, Event, Grants, Invitee, JoinedBy, Member, Metadata, RevokedBecause,
    Stop, UserId,
};

/// Somebody who is about to become a member, or to hold more.
pub(super) struct Joining<'a> {
    pub(super) user: &'a UserId,
    /// An address that was proven to be theirs, or that the host vouches for.
    pub(super) email: Option<&'a EmailAddress>,
    pub(super) grants: &'a Grants,
    pub(super) joined_by: JoinedBy,
    pub(super) metadata: Metadata,
}

/// Makes somebody a member, or adds to what a member holds: one membership, however many grants (IDN-10).
///
/// Checks the domain (IDN-8), that nobody else joined with the address (IDN-12) and the seat (SEA-1), and
/// settles what is open for the same person and scopes (LIF-7d, IDN-11).
pub(super) fn join<R>(model: &AccessModel, draft: &mut Draft, joining: Joining<'_>) -> Result<Member, Stop<R>>
where
    R: Refusal + From<AlreadyMember> + From<DomainNotAllowed> + From<AddressOfAnotherMember> + From<NoRoom>,
{
    let Joining { user, email, grants, joined_by, metadata } = joining;
    let domain = require_domain(organization::<R>(draft)?, email).map_err(R::from);
    draft.rule("IDN-8", domain)?;
    if let Some(email) = email {
        let other = draft.member_with(email)?.is_some_and(|member| member.user != *user);
        let answer = if other { Err(R::from(AddressOfAnotherMember {})) } else { Ok(()) };
        draft.rule("IDN-12", answer)?;
    }
    let before = draft.member(user)?.cloned();
    let held = before.as_ref().map(|member| member.grants.clone()).unwrap_or_default();
    let news = grants.scopes().any(|scope| held.access(scope).is_none());
    let answer = if news { Ok(()) } else { Err(R::from(AlreadyMember {})) };
    draft.rule("IDN-10", answer)?;

    let grants = held.joined(grants);
    let seat = seat_of(model, &grants);
    let member = match before.clone() {
        Some(member) => {
            draft.emit(Event::MemberAccessChanged {
                user: user.clone(),
                grants: grants.clone(),
                seat: seat.clone(),
            });
            Member { grants, seat: seat.clone(), ..member }
        }
        None => {
            let joined_at = draft.now();
            let email = email.cloned();
            let user = user.clone();
            let member = Member { user, email, grants, seat: seat.clone(), joined_by, joined_at, metadata };
            draft.emit(Event::MemberJoined { member: Box::new(member.clone()) });
            member
        }
    };
    settle(model, draft, &member)?;
    if takes_another(before.as_ref(), seat.as_ref()) {
        require_seat(draft, seat.as_ref())?;
    }
    Ok(member)
}

/// Ends what is open for a member and scopes that they hold now, and lets go of seats that their membership
/// covers.
fn settle<R: Refusal>(model: &AccessModel, draft: &mut Draft, member: &Member) -> Result<(), Stop<R>> {
    for invitee in names_of(member) {
        let open = open_at_places(draft, &invitee, &member.grants)?;
        let done =
            open.iter().filter(|row| row.grants.scopes().all(|scope| member.grants.access(scope).is_some()));
        let done = done.map(|row| row.id).collect::<Vec<_>>();
        for id in done {
            draft.revoke(id, RevokedBecause::JoinedOtherwise);
        }
        release_covered(model, draft, &invitee, member.seat.as_ref())?;
    }
    Ok(())
}

/// The invitees that a member is known as: the user, and the address they joined with.
pub(super) fn names_of(member: &Member) -> impl Iterator<Item = Invitee> + use<> {
    let address = member.email.clone().map(Invitee::Address);
    core::iter::once(Invitee::User(member.user.clone())).chain(address)
}

/// Ends everything that is open for somebody who is no member any more (LIF-7c).
pub(super) fn end_open_for<R: Refusal>(draft: &mut Draft, member: &Member) -> Result<(), Stop<R>> {
    for invitee in names_of(member) {
        let open = draft.open_of(&invitee)?.map(|row| row.id).collect::<Vec<_>>();
        for id in open {
            draft.revoke(id, RevokedBecause::InviteeRemoved);
        }
    }
    Ok(())
}
