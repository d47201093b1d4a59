//! Offer ownership to a member, who becomes an owner by accepting (F16).

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::accept::{AcceptRefused, require_there};
use super::join::settle;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, AlreadyOwner, InviterNoLongerMay, NotOwner, NotPermitted, Refusal, UnknownMember,
    refused, refused_for_grants, refused_when_closed,
};
use crate::rules::{
    expiry, organization, pending_at_places, require_active, require_few_open, require_known, require_open,
    require_pending, require_rate,
};
use crate::seats::{end_access_if_due, end_due, require_seat, seat_after, takes_another};
use crate::{
    Actor, DeliveryKind, Draft, Ending, Event, Expiry, FormerOwner, Grant, Grants, Host, Invitation,
    InvitationId, InvitationKind, Invitee, Member, Metadata, Nonce, Operation, Permission, Reads, RoleName,
    Scope, Stop, UserId,
};

/// Offers ownership to a member: an invitation that the new owner accepts.
///
/// The offer says what becomes of the one who makes it. Mail goes to the address the member joined with, if
/// there is one; it stands in the inbox in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OfferOwnership {
    to: UserId,
    former: FormerOwner,
}

impl OfferOwnership {
    /// To a member, and what becomes of the owner who offers it.
    #[must_use]
    pub fn new(to: UserId, former: FormerOwner) -> Self {
        Self { to, former }
    }
}

/// What came of offering.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OwnershipOffered {
    /// The invitation that the new owner accepts.
    pub invitation: InvitationId,
    /// When it ends.
    pub expires_at: Expiry,
}

refused! {
    /// Why ownership was not offered.
    OfferOwnershipRefused:
        OrganizationSuspended, OrganizationClosed, NotOwner, UnknownMember, MemberSuspended, AlreadyOwner, AlreadyInvited,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled, TooLarge,
        TooManyInvitations, TooManyPending, TooManyOpen
}
refused_when_closed!(OfferOwnershipRefused);
refused_for_grants!(OfferOwnershipRefused);

impl Sealed for OfferOwnership {}

impl Operation for OfferOwnership {
    type Outcome = OwnershipOffered;
    type Refusal = OfferOwnershipRefused;
    const NAME: &'static str = "offer-ownership";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).limits_of(actor).person(self.to.clone()).due()
    }

    fn makes(&self) -> usize {
        3
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        require_owner::<OfferOwnershipRefused>(host, actor, draft)?;
        end_access_if_due(host.model, draft, &self.to)?;
        let unknown = UnknownMember { user: self.to.clone() };
        let member = draft.member(&self.to)?.cloned().ok_or(OfferOwnershipRefused::from(unknown))?;
        draft.require("F16", !member.is_owner(), || OfferOwnershipRefused::from(AlreadyOwner {}))?;
        require_active::<OfferOwnershipRefused>(draft, member.is_active())?;
        if let FormerOwner::Becomes(access) = &self.former {
            let grants = Grants::from(Grant::new(Scope::Organization, access.clone()));
            require_known::<OfferOwnershipRefused>(host, draft, &grants)?;
        }
        end_due(host.model, draft)?;
        let invitee = Invitee::User(self.to.clone());
        let grants = Grants::from(Grant::role(RoleName::OWNER));
        let open = pending_at_places(host.model, draft, &invitee, &grants)?;
        let offered = open
            .first()
            .map_or(Ok(()), |row| Err(AlreadyInvited { invitation: row.id, expires_at: row.expires_at }));
        draft.rule("CON-3", offered.map_err(OfferOwnershipRefused::from))?;
        require_rate(draft, actor)?;

        let now = draft.now();
        // The default of the model and the organization is checked when they are set.
        let expires_at = expiry(host.model, organization(draft)?, now, None).unwrap_or(Expiry::At(now));
        let id = InvitationId::from_parts(now, draft.fresh()?);
        let nonce = Nonce::from_bytes(draft.entropy().take()?);
        draft.emit(Event::InvitationCreated {
            invitation: Box::new(Invitation {
                id,
                kind: InvitationKind::Ownership { former: self.former.clone() },
                invitee,
                name: None,
                grants,
                inviter: actor.clone(),
                created_at: now,
                starts_at: None,
                expires_at,
                ended: None,
                nonce,
                earlier_nonces: Vec::new(),
                revision: 0,
                mail_to: member.email.clone(),
                seat: None,
                message: None,
                locale: None,
                metadata: Metadata::new(),
                continue_to: None,
            }),
        });
        require_few_open(draft, &Invitee::User(self.to.clone()))?;
        require_pending(draft)?;
        draft.queue(DeliveryKind::Invitation, id)?;
        Ok(OwnershipOffered { invitation: id, expires_at })
    }
}

/// Requires that whoever acts is an owner, or the host.
pub(super) fn require_owner<R: Refusal + From<NotOwner>>(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
) -> Result<(), Stop<R>> {
    let owner = crate::rules::authority::<R>(host, draft, actor)?.is_owner();
    Ok(draft.require("F16", owner, || R::from(NotOwner {}))?)
}

/// Why somebody who is no owner may not manage an offer of ownership.
pub(super) fn owners_only(permission: &Permission) -> NotPermitted {
    NotPermitted { permission: permission.clone(), roles: alloc::vec![RoleName::OWNER] }
}

/// Makes the invitee an owner, and of the former owner what the offer says. One commit, so there is an owner
/// at every moment.
pub(super) fn transfer(
    host: &Host<'_>,
    draft: &mut Draft,
    row: &Invitation,
    former: &FormerOwner,
    user: &UserId,
) -> Result<Grants, Stop<AcceptRefused>> {
    end_due(host.model, draft)?;
    end_access_if_due(host.model, draft, user)?;
    let unknown = UnknownMember { user: user.clone() };
    let member = draft.member(user)?.cloned().ok_or(AcceptRefused::from(unknown))?;
    draft.require("F16", !member.is_owner(), || AcceptRefused::from(AlreadyOwner {}))?;
    require_active::<AcceptRefused>(draft, member.is_active())?;
    let offerer = match row.inviter.user() {
        Some(offerer) => draft.member(offerer)?.cloned(),
        None => None,
    };
    // An owner who is suspended or none any more has nothing to hand over, whatever the policy for other invitations.
    let still = row.inviter == Actor::System || offerer.as_ref().is_some_and(Member::is_active_owner);
    draft.require("AUT-4", still, || AcceptRefused::from(InviterNoLongerMay {}))?;
    if let FormerOwner::Becomes(access) = former {
        let grants = Grants::from(Grant::new(Scope::Organization, access.clone()));
        require_there::<AcceptRefused>(host, draft, &grants)?;
    }

    let ending = Ending::Accepted { user: user.clone() };
    draft.emit(Event::InvitationEnded { id: row.id, ending, reason: None });
    let grants = Grants::from(Grant::role(RoleName::OWNER)).joined(&member.grants);
    let owner = change(host, draft, &member, grants.clone());
    settle::<AcceptRefused>(host.model, draft, &owner, [])?;
    if takes_another(Some(&member), owner.seat.as_ref()) {
        require_seat::<AcceptRefused>(draft, owner.seat.as_ref())?;
    }
    if let (FormerOwner::Becomes(access), Some(offerer)) = (former, offerer) {
        let grants = Grants::from(Grant::new(Scope::Organization, access.clone())).joined(&offerer.grants);
        let former = change(host, draft, &offerer, grants);
        if takes_another(Some(&offerer), former.seat.as_ref()) {
            require_seat::<AcceptRefused>(draft, former.seat.as_ref())?;
        }
    }
    Ok(grants)
}

fn change(host: &Host<'_>, draft: &mut Draft, member: &Member, grants: Grants) -> Member {
    let seat = seat_after(host.model, draft, Some(member), &grants);
    let now = Member { grants: grants.clone(), seat: seat.clone(), ..member.clone() };
    let user = member.user.clone();
    draft.emit(Event::MemberAccessChanged { user, grants, seat });
    now
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    fn offer(world: &mut World, former: FormerOwner) -> InvitationId {
        world.ok(OfferOwnership::new(user("bob"), former), &by("ada")).invitation
    }

    fn accept(world: &mut World, id: InvitationId) -> Result<Accepted, AcceptRefused> {
        world.run(Accept::inbox(id, stranger("bob")), &by("bob"))
    }

    fn world_with_bob() -> World {
        let mut world = World::with(team_of(1));
        world.add("bob", Grant::role("member"));
        world
    }

    #[test]
    fn given_an_offer_when_accepted_then_the_former_owner_stays_or_becomes_what_was_said_f16() {
        let mut world = world_with_bob();
        let id = offer(&mut world, FormerOwner::Stays);
        assert_eq!(world.seats("team"), (1, 0), "an offer reserves nothing");
        accept(&mut world, id).unwrap();
        assert_eq!((world.organization().counts.owners, world.seats("team")), (2, (0, 0)));

        let mut world = world_with_bob();
        let id = offer(&mut world, FormerOwner::Becomes(Access::role("member")));
        let before = world.events();
        accept(&mut world, id).unwrap();
        // The one takes the seat that the other leaves, in one commit.
        assert_eq!((world.organization().counts.owners, world.seats("team")), (1, (1, 0)));
        assert!(world.member("bob").unwrap().is_owner() && !world.member("ada").unwrap().is_owner());
        assert_eq!(
            world.kinds_since(before),
            ["invitation-accepted", "member-access-changed", "member-access-changed"]
        );
    }

    #[test]
    fn given_no_seat_for_the_former_owner_when_accepted_then_nothing_changes_sea_1() {
        let mut world = World::with(team_of(0));
        world.add("bob", Grant::role("client"));
        let id = offer(&mut world, FormerOwner::Becomes(Access::role("member")));
        assert_eq!(accept(&mut world, id).unwrap_err().code(), "no-seat-left");
        assert!(world.member("ada").unwrap().is_owner());
    }

    #[test]
    fn given_owners_who_take_seats_when_ownership_moves_then_no_seat_more_is_taken_sea_1() {
        let mut world = World::of(model().owner_seat(OwnerSeat::Counted), team_of(2));
        world.add("bob", Grant::role("member"));
        let id = offer(&mut world, FormerOwner::Becomes(Access::role("client")));
        accept(&mut world, id).unwrap();
        assert_eq!((world.seats("team"), world.seats("client")), ((1, 0), (1, 0)));
    }

    #[test]
    fn given_an_owner_who_stepped_down_when_their_offer_is_accepted_then_there_is_nothing_to_hand_over_aut_4()
    {
        // Whatever the policy for other invitations.
        let mut world = World::of(model().inviter_policy(InviterPolicy::Keep), roomy());
        world.add("bob", Grant::role("member"));
        world.add("eve", Grant::role("member"));
        let to_bob = offer(&mut world, FormerOwner::Stays);
        let to_eve = OfferOwnership::new(user("eve"), FormerOwner::Stays);
        let to_eve = world.ok(to_eve, &by("ada")).invitation;
        world.ok(Accept::inbox(to_eve, stranger("eve")), &by("eve"));
        world.ok(ChangeAccess::new(user("ada"), Grant::role("member")), &by("ada"));
        assert_eq!(accept(&mut world, to_bob).unwrap_err().code(), "inviter-no-longer-may");
    }

    #[test]
    fn given_an_access_for_the_former_owner_that_is_gone_when_accepted_then_it_is_refused_lif_10() {
        let mut world = world_with_bob();
        let only = Access::role("member").restricted("account", Restriction::only(["a"]));
        let id = offer(&mut world, FormerOwner::Becomes(only));
        world.ok(ChangePlan::new(roomy().entitled("account", Restriction::only(["b"]))), &Actor::System);
        assert_eq!(accept(&mut world, id).unwrap_err().code(), "no-longer-available");
        assert_eq!(world.state(id), InvitationState::Pending);
    }

    #[test]
    fn given_a_mailed_offer_when_its_token_is_presented_then_the_user_decides_and_not_the_link() {
        let mut world = world_with_bob();
        let id = offer(&mut world, FormerOwner::Stays);
        assert_eq!(world.rows().deliveries.len(), 1, "to the address that bob joined with");
        let token = world.mail(id);
        assert_eq!(token.purpose(), Purpose::Ownership);
        let eve = world.run(Accept::token(token.clone(), stranger("eve")), &by("eve"));
        assert_eq!(eve.unwrap_err().code(), "wrong-account");
        world.ok(Accept::token(token, stranger("bob")), &by("bob"));
    }

    #[test]
    fn given_an_offer_when_resent_edited_reminded_or_revoked_then_only_an_owner_may_aut_1() {
        let mut world = world_with_bob();
        world.add("eve", Grant::role("client").removing("posts.view"));
        world.ok(ChangePlan::new(roomy()), &Actor::System);
        world.ok(ChangeAccess::new(user("eve"), Grant::role("admin")), &by("ada"));
        let id = offer(&mut world, FormerOwner::Stays);
        let later = Expiry::At(world.now + TimeDelta::days(9));
        for actor in ["eve", "ada"] {
            let may = actor == "ada";
            assert_eq!(world.run(Resend::new(id), &by(actor)).is_ok(), may);
            assert_eq!(world.run(Edit::new(id).expires_at(later), &by(actor)).is_ok(), may);
            assert_eq!(world.run(Remind::new(id), &by(actor)).is_ok(), may);
            let link = CopyLink::new(id);
            let draft = world.look(&link.reads(&by(actor)));
            assert_eq!(link.decide(&world.host(), &by(actor), &draft).is_ok(), may);
            assert_eq!(world.run(Revoke::one(id), &by(actor)).is_ok(), may);
        }
    }

    #[test]
    fn given_an_offer_when_its_member_leaves_then_it_ends_lif_7c() {
        let mut world = world_with_bob();
        let id = offer(&mut world, FormerOwner::Stays);
        world.ok(Leave::new(user("bob")), &by("bob"));
        assert_eq!(world.state(id), InvitationState::Revoked);
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("OfferOwnershipRefused", include_str!("offer_ownership.rs"));
        let mut world = world_with_bob();
        let plain = OfferOwnership::new(user("bob"), FormerOwner::Stays);
        let becomes = |access| OfferOwnership::new(user("bob"), FormerOwner::Becomes(access));
        cases.refused(
            "given a member, when offering ownership, then only an owner may",
            "NotOwner",
            world.run(plain.clone(), &by("bob")),
        );
        cases.refused(
            "given no member, when offered, then they are unknown",
            "UnknownMember",
            world.run(OfferOwnership::new(user("dan"), FormerOwner::Stays), &by("ada")),
        );
        cases.refused(
            "given an owner, when offered, then they are one already",
            "AlreadyOwner",
            world.run(OfferOwnership::new(user("ada"), FormerOwner::Stays), &Actor::System),
        );
        let only = Access::role("member").restricted("account", Restriction::only(["a"]));
        let accesses = [
            ("UnknownRole", Access::role("king")),
            ("UnknownRole", Access::role(RoleName::OWNER)),
            ("UnknownPermission", Access::role("member").adding("fly")),
            ("UnknownResourceKind", Access::role("member").restricted("moon", Restriction::All)),
            ("NeverGrantable", Access::role("client").adding("accounts.delete")),
            ("NotEntitled", only),
            ("InvalidEnd", Access::role("member").until(MIN_TIME)),
        ];
        world.ok(ChangePlan::new(team_of(1).entitled("account", Restriction::only(["b"]))), &Actor::System);
        for (reason, access) in accesses {
            cases.refused(
                "given an access that nobody can have, when offered for the former owner, then it says why",
                reason,
                world.run(becomes(access), &by("ada")),
            );
        }
        let plan = team_of(1).inviter_rate(Rate::per(1, TimeDelta::hours(1)).unwrap());
        world.ok(ChangePlan::new(plan.pending(Limit::AtMost(2))), &Actor::System);
        world.ok(plain.clone(), &by("ada"));
        cases.refused(
            "given an open offer, when offered again, then it is open (CON-3)",
            "AlreadyInvited",
            world.run(plain.clone(), &by("ada")),
        );
        world.add("dan", Grant::role("client"));
        let to_dan = OfferOwnership::new(user("dan"), FormerOwner::Stays);
        cases.refused(
            "given a rate that is used up, when offered, then it tells when again (ABU-1)",
            "TooManyInvitations",
            world.run(to_dan.clone(), &by("ada")),
        );
        let mut crowded = world.clone();
        crowded.ok(ChangePlan::new(roomy()), &Actor::System);
        crowded.crowd(user("dan"));
        cases.refused(
            "given as many open ones as a person may have, when offered, then no (ABU-3)",
            "TooManyOpen",
            crowded.run(to_dan.clone(), &by("ada")),
        );
        world.ok(ChangePlan::new(team_of(1).pending(Limit::AtMost(1))), &Actor::System);
        cases.refused(
            "given as many pending as the plan allows, when offered, then it waits (ABU-1)",
            "TooManyPending",
            world.run(to_dan.clone(), &by("ada")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, when offered, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(to_dan.clone(), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when offered, then never (LIF-8)",
            "OrganizationClosed",
            world.run(to_dan, &by("ada")),
        );
        let mut apart = World::suspended();
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.run(OfferOwnership::new(user("bob"), FormerOwner::Stays), &by("ada")),
        );
        cases.are_all_but(&[
            ("GrantsMissing", "a former owner becomes one access, which is there"),
            ("TooLarge", "one access is less than any cap on grants"),
        ]);
    }
}
