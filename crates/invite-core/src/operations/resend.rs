//! Resend an invitation: a new link, a new expiry, and every earlier link dead.

use serde::{Deserialize, Serialize};

use super::invite::{check_granting, require_welcome};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AlreadyInvited, InvitationErased, NotPending, UnknownInvitation, refused, refused_for_grants,
    refused_for_groups, refused_for_seats, refused_when_closed,
};
use crate::rules::{
    expiry, organization, pending_at_places, require_active, require_few_open, require_open, require_pending,
    require_rate,
};
use crate::seats::{end_due, end_if_due, require_seat, reserve};
use crate::{
    Actor, DeliveryKind, Draft, Event, Expiry, Host, InvitationId, InvitationKind, InvitationState, Member,
    Nonce, Operation, Reads, Stop,
};

/// Sends an invitation again: pending ones, and expired ones after all checks of a new one (D5, LIF-3).
///
/// In the same commit every earlier link of it dies (LIF-2). To resend is to grant: whoever does is the inviter from
/// then on (AUT-4, AUT-5). An offer of ownership stays the offer of the owner who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resend {
    invitation: InvitationId,
    expires_at: Option<Expiry>,
}

impl Resend {
    /// This invitation.
    #[must_use]
    pub fn new(invitation: InvitationId) -> Self {
        Self { invitation, expires_at: None }
    }

    /// When it ends, instead of the organization's or the model's default.
    #[must_use]
    pub fn expires_at(mut self, expiry: Expiry) -> Self {
        self.expires_at = Some(expiry);
        self
    }
}

/// What came of resending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Resent {
    /// The invitation.
    pub invitation: InvitationId,
    /// When it ends now.
    pub expires_at: Expiry,
}

refused! {
    /// Why an invitation was not sent again.
    ResendRefused:
        OrganizationSuspended, OrganizationClosed, UnknownInvitation, NotPending, NotPermitted, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, InvalidEnd, NotEntitled, TooLarge,
        DomainNotAllowed, Blocked, MemberSuspended, AlreadyMember, AlreadyInvited, InvalidExpiry, TooManyInvitations,
        TooManyPending, NoSeatLeft, SeatClassNotInPlan, NotOwner, TooManyOpen, UnknownGroup, GroupArchived,
        GroupClosed, InvitationErased
}
refused_when_closed!(ResendRefused);
refused_for_grants!(ResendRefused);
refused_for_groups!(ResendRefused);
refused_for_seats!(ResendRefused);

impl Sealed for Resend {}

impl Operation for Resend {
    type Outcome = Resent;
    type Refusal = ResendRefused;
    const NAME: &'static str = "resend";

    fn reads(&self, actor: &Actor) -> Reads {
        Reads::new().actor(actor).limits_of(actor).invitation(self.invitation).due()
    }

    fn makes(&self) -> usize {
        2
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let expires_at = renew(host, actor, draft, self.invitation, self.expires_at)?;
        Ok(Resent { invitation: self.invitation, expires_at })
    }
}

/// Gives an invitation a new nonce and expiry, as if it were made now: authority, domain, block, membership,
/// place, rate and seat are checked afresh (LIF-3, IDN-8, AUT-1).
pub(super) fn renew(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    id: InvitationId,
    asked: Option<Expiry>,
) -> Result<Expiry, Stop<ResendRefused>> {
    // Before anything is said of it: the end of a membership ends what is open for the member.
    end_due(host.model, draft)?;
    let row = draft.invitation(id)?.cloned();
    let row = draft.rule("STO-2", row.ok_or(ResendRefused::from(UnknownInvitation {})))?;
    let state = row.state_at(draft.now());
    let again = matches!(state, InvitationState::Pending | InvitationState::Expired);
    draft.require("LIF-3", again, || ResendRefused::from(NotPending { state }))?;
    draft.require("PRI-6", !row.invitee.is_erased(), || ResendRefused::from(InvitationErased {}))?;
    match row.kind {
        InvitationKind::Membership => {
            check_granting(host, actor, draft, &row.grants.running_or_all(draft.now()))?;
            require_welcome(draft, &row.invitee, &row.grants)?;
        }
        InvitationKind::Ownership { .. } => {
            super::offer_ownership::require_owner(host, actor, draft)?;
            let active = draft.member_of(&row.invitee)?.is_none_or(Member::is_active);
            require_active::<ResendRefused>(draft, active)?;
        }
    }
    require_rate(draft, actor)?;
    end_if_due(host.model, draft, id)?;
    let open = pending_at_places(host.model, draft, &row.invitee, &row.grants)?;
    let other = open.iter().find(|open| open.id != id);
    let place = other
        .map_or(Ok(()), |other| Err(AlreadyInvited { invitation: other.id, expires_at: other.expires_at }));
    draft.rule("CON-3", place.map_err(ResendRefused::from))?;
    let start = row.begins_after(draft.now()).unwrap_or(draft.now());
    let expires_at = expiry(host.model, organization(draft)?, start, asked).map_err(ResendRefused::from)?;
    let expires_at = expires_at.within(&row.grants);
    let revived = !draft.invitation(id)?.is_some_and(|row| row.is_open());
    let seat = match (&row.kind, revived) {
        (InvitationKind::Ownership { .. }, _) => None,
        (_, false) => row.seat.clone(),
        (_, true) => reserve(host.model, draft, &row.invitee, &row.grants)?,
    };
    let nonce = Nonce::from_bytes(draft.entropy().take()?);
    if seat != row.seat {
        draft.emit(Event::SeatReserved { id, seat: seat.clone() });
    }
    draft.emit(Event::InvitationResent { id, nonce, expires_at });
    if row.kind == InvitationKind::Membership && row.inviter != *actor {
        draft.emit(Event::InvitationHandedOver { id, to: actor.clone() });
    }
    if revived {
        require_few_open(draft, &row.invitee)?;
        require_pending(draft)?;
        require_seat(draft, seat.as_ref())?;
    }
    draft.queue(DeliveryKind::Invitation, id)?;
    Ok(expires_at)
}

#[cfg(test)]
mod tests {
    use std::format;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_two_others_at_its_places_when_reviving_then_the_pending_one_is_found_behind_the_expired_one_con_3()
     {
        let mut world = World::new();
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        let both = [in_group("member", "blue"), in_group("member", "red")];
        let both = Invite::new("bob@example.com", both).expires_at(soon);
        let both = world.ok(both, &by("ada")).invitations().next().unwrap();
        world.wait(TimeDelta::hours(1));
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        world.ok(Invite::new("bob@example.com", in_group("member", "blue")).expires_at(soon), &by("ada"));
        let red = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        // Longer past their expiry than the one in `blue`, so that it is not among those loaded as due.
        for position in 0..70 {
            let soon = Expiry::At(world.now + TimeDelta::minutes(1));
            let other = Invite::new(address(&format!("{position}@example.com")), Grant::role("member"));
            world.ok(other.expires_at(soon), &by("ada"));
        }
        world.wait(TimeDelta::hours(1));
        let refusal = world.run(Resend::new(both), &by("ada")).unwrap_err();
        assert!(matches!(refusal, ResendRefused::AlreadyInvited(why) if *why.invitation() == red));
    }

    const BOB: &str = "bob@example.com";

    #[test]
    fn given_a_pending_one_when_resent_then_the_expiry_is_new_and_every_earlier_link_dead_d5_lif_2() {
        let mut world = World::with(team_of(1));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let mut links = std::vec::Vec::new();
        for resent in 1..=5 {
            links.extend([world.mail(id), world.copied(id)]);
            world.wait(TimeDelta::days(1));
            let outcome = world.ok(Resend::new(id), &by("ada"));
            assert_eq!(outcome.expires_at, Expiry::At(world.now + TimeDelta::days(7)));
            assert_eq!(world.invitation(id).revision, resent);
            assert_eq!(world.seats("team"), (0, 1), "nothing more is reserved");
        }
        // The last three are remembered, earlier ones are a stranger's.
        for (position, link) in links.into_iter().enumerate() {
            let refusal = world.run(Accept::token(link, person("bob")), &by("bob")).unwrap_err();
            assert_eq!(refusal.code(), if position < 4 { "unknown-token" } else { "superseded" });
        }
        assert_eq!(world.rows().deliveries.len(), 6);
        let wanted = world.rows().deliveries.values().filter(|mail| mail.revision == 5);
        assert_eq!(wanted.count(), 1);
        let token = world.mail(id);
        world.ok(Accept::token(token, stranger("bob")), &by("bob"));
    }

    #[test]
    fn given_a_seat_that_stays_or_changes_when_resent_then_only_a_change_of_it_is_a_fact_sea_2() {
        let mut world = World::with(team_of(1));
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        let before = world.events();
        world.ok(Resend::new(id), &by("ada"));
        assert_eq!(world.kinds_since(before), ["invitation-resent"]);
        world.wait(TimeDelta::days(7));
        world.ok(ChangePlan::new(team_of(1).seat_policy(SeatPolicy::TakeOnAccept)), &Actor::System);
        let before = world.events();
        world.ok(Resend::new(id), &by("ada"));
        let kinds = ["invitation-expired", "seat-reserved", "invitation-resent"];
        assert_eq!(world.kinds_since(before), kinds);
        assert_eq!((world.seats("team"), world.invitation(id).seat.as_ref()), ((0, 0), None));
    }

    #[test]
    fn given_a_mail_of_an_earlier_revision_when_resent_then_it_proves_no_address_any_more_idn_1() {
        let mut world = World::new();
        let id = world.invite(BOB, Grant::role("member"), &by("ada"));
        world.mail(id);
        world.ok(Resend::new(id), &by("ada"));
        let unsent = world.token(id, Purpose::Mailed);
        let refusal = world.run(Accept::token(unsent, stranger("bob")), &by("bob")).unwrap_err();
        assert_eq!(refusal.code(), "address-not-verified", "nothing was mailed yet");
    }

    #[test]
    fn given_an_expired_one_when_resent_then_it_lives_again_after_fresh_checks_lif_3() {
        for noticed in [false, true] {
            let mut world = World::with(team_of(1));
            let id = world.invite(BOB, Grant::role("member"), &by("ada"));
            world.wait(TimeDelta::days(7));
            if noticed {
                world.ok(Tidy::new(1), &Actor::System);
            }
            world.invite("eve@example.com", Grant::role("member"), &by("ada"));
            let refusal = world.run(Resend::new(id), &by("ada")).unwrap_err();
            assert_eq!(refusal.code(), "no-seat-left");
            assert_eq!(world.state(id), InvitationState::Expired);
            world.ok(ChangePlan::new(team_of(2)), &Actor::System);
            world.ok(Resend::new(id), &by("ada"));
            assert_eq!((world.state(id), world.seats("team")), (InvitationState::Pending, (0, 2)));
            world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        }
    }

    #[test]
    fn given_one_that_was_answered_or_revoked_when_resent_then_it_never_lives_again_lif_3_lif_1() {
        type Ends = fn(&mut World, InvitationId);
        let endings: [(&str, Ends); 3] = [
            ("already-accepted", |world, id| drop(world.ok(Accept::inbox(id, person("bob")), &by("bob")))),
            ("declined", |world, id| drop(world.ok(Decline::inbox(id, person("bob")), &by("bob")))),
            ("revoked", |world, id| drop(world.ok(Revoke::one(id), &by("ada")))),
        ];
        for (code, end) in endings {
            let mut world = World::new();
            let id = world.invite(BOB, Grant::role("member"), &by("ada"));
            end(&mut world, id);
            let row = world.invitation(id).clone();
            let later = Expiry::At(world.now + TimeDelta::days(1));
            assert_eq!(world.run(Resend::new(id), &by("ada")).unwrap_err().code(), code);
            assert_eq!(world.run(Edit::new(id).expires_at(later), &by("ada")).unwrap_err().code(), code);
            assert_eq!(world.run(Remind::new(id), &by("ada")).unwrap_err().code(), code);
            assert_eq!(world.run(Revoke::one(id), &by("ada")).unwrap_err().code(), code);
            assert_eq!(world.run(Decline::inbox(id, person("bob")), &by("bob")).unwrap_err().code(), code);
            world.wait(TimeDelta::days(8));
            world.ok(Tidy::new(10), &Actor::System);
            assert_eq!(*world.invitation(id), row, "no operation changes a row in an ending state");
        }
    }

    #[test]
    fn given_an_inviter_who_left_when_resent_then_acceptance_asks_after_the_one_who_did_aut_4() {
        let mut world = World::new();
        world.add("lea", Grant::role("lead"));
        let id = world.invite(BOB, Grant::role("member"), &by("lea"));
        world.ok(Leave::new(user("lea")), &by("lea"));
        let mut expired = world.clone();
        expired.wait(TimeDelta::days(7));
        for mut world in [world, expired] {
            world.ok(Resend::new(id), &by("ada"));
            assert_eq!(world.invitation(id).inviter, by("ada"));
            world.ok(Accept::inbox(id, person("bob")), &by("bob"));
        }
    }

    #[test]
    fn given_an_offer_of_ownership_when_another_owner_resends_it_then_its_offerer_stays_f16() {
        let mut world = World::new();
        world.add("eve", Grant::role("member"));
        world.add("bob", Grant::role("member"));
        let offer = |to| OfferOwnership::new(user(to), FormerOwner::Stays);
        let first = world.ok(offer("eve"), &by("ada")).invitation;
        world.ok(Accept::inbox(first, stranger("eve")), &by("eve"));
        let second = world.ok(offer("bob"), &by("ada")).invitation;
        world.ok(Resend::new(second), &by("eve"));
        assert_eq!(world.invitation(second).inviter, by("ada"));
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ResendRefused", include_str!("resend.rs"));
        let mut world = World::with(team_of(3).entitled("line", Restriction::only(["a"])));
        let full = Grant::role("client")
            .adding("analytics.view")
            .restricted("account", Restriction::only(["a"]))
            .restricted("line", Restriction::only(["a"]));
        let id = world.invite(BOB, full, &by("ada"));
        let resend = |world: &mut World, actor: &str| world.run(Resend::new(id), &by(actor));
        cases.refused(
            "given an id of nothing, when resent, then it is unknown",
            "UnknownInvitation",
            world.run(Resend::new(InvitationId::from_parts(MIN_TIME, [0; 10])), &by("ada")),
        );
        cases.refused(
            "given no member, when resent, then a permission is missing (AUT-1)",
            "NotPermitted",
            resend(&mut world, "eve"),
        );
        world.add("lea", Grant::role("lead"));
        cases.refused(
            "given grants beyond one's own, when resent, then they are not grantable (AUT-1)",
            "NotGrantable",
            resend(&mut world, "lea"),
        );
        world.add("dan", in_group("member", "red"));
        let offer = world.ok(OfferOwnership::new(user("dan"), FormerOwner::Stays), &by("ada")).invitation;
        cases.refused(
            "given an offer of ownership, when resent by no owner, then they may not",
            "NotOwner",
            world.run(Resend::new(offer), &by("lea")),
        );
        let past = Resend::new(id).expires_at(Expiry::At(world.now));
        cases.refused(
            "given an expiry that is not ahead, when resent, then it is not valid (LIF-4)",
            "InvalidExpiry",
            world.run(past, &by("ada")),
        );

        let model = || AccessModel::builder().permissions(WORK).resource_kinds(["account", "line"]);
        let gone = [
            ("UnknownRole", model()),
            (
                "UnknownPermission",
                AccessModel::builder().permissions(["posts.view"]).role(Role::new("client")),
            ),
            ("UnknownResourceKind", AccessModel::builder().permissions(WORK).role(Role::new("client"))),
            ("NeverGrantable", model().role(Role::new("client").never(["analytics.view"]))),
            ("TooLarge", model().role(Role::new("client")).caps(Caps { grants: 0, ..Caps::default() })),
        ];
        for (reason, model) in gone {
            let mut world = world.clone();
            world.model = model.build().unwrap();
            cases.refused(
                "given grants that are gone since, when resent, then it says what (LIF-3)",
                reason,
                resend(&mut world, "ada"),
            );
        }
        let mut disabled = world.clone();
        disabled.ok(ChangePlan::new(team_of(3).entitled("line", Restriction::only(["b"]))), &Actor::System);
        cases.refused(
            "given a resource that was disabled since, when resent, then it is not enabled (D2)",
            "NotEntitled",
            resend(&mut disabled, "ada"),
        );
        let mut denied = world.clone();
        let rules = DomainRules::new().deny(DomainRule::parse("example.com").unwrap());
        denied.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        cases.refused(
            "given a domain that was denied since, when resent, then it is not allowed (IDN-8)",
            "DomainNotAllowed",
            resend(&mut denied, "ada"),
        );
        let mut member = world.clone();
        member.add("bob", in_group("client", "red"));
        let expired = |world: &mut World| world.wait(TimeDelta::days(7));
        expired(&mut member);
        member.ok(ChangeAccess::new(user("bob"), Grant::role("client")), &by("ada"));
        cases.refused(
            "given an expired one for somebody who joined since, when resent, then they are a member (IDN-10)",
            "AlreadyMember",
            resend(&mut member, "ada"),
        );
        let mut blocked = world.clone();
        let other = blocked.invite(BOB, in_group("client", "red"), &by("ada"));
        expired(&mut blocked);
        let third = blocked.invite(BOB, in_group("client", "blue"), &by("ada"));
        blocked.ok(Decline::inbox(third, person("bob")).block(Block::Organization), &by("bob"));
        cases.refused(
            "given a block since, when an expired one is resent, then it holds (F11)",
            "Blocked",
            blocked.run(Resend::new(other), &by("ada")),
        );
        let mut ended = world.clone();
        ended.ok(Revoke::one(id), &by("ada"));
        cases.refused(
            "given a revoked one, when resent, then it is revoked (LIF-3)",
            "NotPending",
            resend(&mut ended, "ada"),
        );
        let mut again = world.clone();
        expired(&mut again);
        again.invite(BOB, Grant::role("client"), &by("ada"));
        cases.refused(
            "given a new one at its place, when the expired one is resent, then it is taken (LIF-7b, CON-3)",
            "AlreadyInvited",
            resend(&mut again, "ada"),
        );
        for (reason, group) in &SHUT[1..] {
            let mut shut = world.clone();
            let id = shut.invite("a@example.com", in_group("client", group), &by("ada"));
            shut.shut_groups();
            cases.refused(
                "given a group in which nothing can be granted since, when resent, then it says why (LIF-10)",
                reason,
                shut.run(Resend::new(id), &by("ada")),
            );
        }
        let mut often = world.clone();
        let rate = Rate::per(1, TimeDelta::hours(1)).unwrap();
        often.ok(ChangePlan::new(team_of(3).inviter_rate(rate)), &Actor::System);
        resend(&mut often, "ada").unwrap();
        cases.refused(
            "given a rate that is used up, when resent, then it tells when again (ABU-1)",
            "TooManyInvitations",
            resend(&mut often, "ada"),
        );
        expired(&mut world);
        let mut crowded = world.clone();
        crowded.ok(ChangePlan::new(roomy()), &Actor::System);
        crowded.crowd(address(BOB));
        cases.refused(
            "given as many open ones as a person may have, when one more is resent, then no (ABU-3)",
            "TooManyOpen",
            resend(&mut crowded, "ada"),
        );
        let plans = [
            ("TooManyPending", roomy().pending(Limit::AtMost(0))),
            ("NoSeatLeft", Plan::seats("client", 0)),
            ("SeatClassNotInPlan", Plan::new()),
        ];
        for (reason, plan) in plans {
            world.ok(ChangePlan::new(plan), &Actor::System);
            cases.refused(
                "given no room, when an expired one is resent, then it says which (LIF-3)",
                reason,
                resend(&mut world, "ada"),
            );
        }
        let mut gone = World::new();
        let lost = gone.invite("lost@example.com", in_group("client", "own"), &by("ada"));
        gone.wait(TimeDelta::days(8));
        gone.ok(Erase::new(address("lost@example.com")), &Actor::System);
        cases.refused(
            "given an expired one that was erased, when resent, then nobody knows to whom (PRI-6)",
            "InvitationErased",
            gone.run(Resend::new(lost), &by("ada")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, when resent, then not now (LIF-8)",
            "OrganizationSuspended",
            resend(&mut world, "ada"),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, when resent, then never (LIF-8)",
            "OrganizationClosed",
            resend(&mut world, "ada"),
        );
        let mut apart = World::suspended();
        apart.ok(RestoreMembers::one(user("bob")), &by("ada"));
        let red = apart.invite("bob@example.com", in_group("client", "red"), &by("ada"));
        apart.wait(TimeDelta::days(8));
        apart.ok(SuspendMembers::one(user("bob")), &by("ada"));
        cases.refused(
            "given a member who is suspended, then they are to be restored first (AUT-7)",
            "MemberSuspended",
            apart.run(Resend::new(red), &by("ada")),
        );
        let mut over = World::new();
        let end = over.now + TimeDelta::days(1);
        let open = over.invite("eve@example.com", Grant::role("client").until(end), &by("ada"));
        over.now = end;
        cases.refused(
            "given access that is over since, when resent, then it is told (F14)",
            "InvalidEnd",
            over.run(Resend::new(open), &by("ada")),
        );
        cases.are_all_but(&[
            ("GrantsMissing", "an invitation always grants something"),
            ("UnknownGroup", "a group that an invitation names stays on record"),
        ]);
    }
}
