//! Becoming a member: the one way in, whatever leads to it (AUT-6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::refusal::{
    AddressNeeded, AddressOfAnotherMember, AlreadyMember, DomainNotAllowed, MemberSuspended, Refusal,
};
use crate::rules::{open_at_places, organization, require_active, require_domain, require_permitted};
use crate::seats::{NoRoom, lower, release_covered, require_seat, seat_after, takes_another};
use crate::{
    AccessModel, Actor, Draft, EmailAddress, Event, Fault, Grants, Invitation, InvitationKind, Invitee,
    JoinedBy, Member, MemberStatus, Metadata, NotLoaded, RevokedBecause, Scope, SettledBecause, SortedSet,
    Stop, UserId,
};

/// Somebody who is about to become a member, or to hold more.
pub(super) struct Joining<'a> {
    pub(super) user: &'a UserId,
    /// An address that was proven to be theirs, or that the host vouches for.
    pub(super) email: Option<&'a EmailAddress>,
    /// One that is known to be theirs and is not kept: for the domain rules, where there is no other.
    pub(super) known: Option<&'a EmailAddress>,
    pub(super) grants: &'a Grants,
    /// Whoever else the host says that they are.
    pub(super) known_as: Vec<Invitee>,
    pub(super) joined_by: JoinedBy,
    pub(super) metadata: Metadata,
}

/// Makes somebody a member, or adds to what a member holds: one membership, however many grants (IDN-10).
///
/// Checks the domain, which somebody new must have an address of where there are rules, unless the host itself lets them
/// in (IDN-8), that nobody else joined with the address (IDN-12), that they are not suspended (AUT-7)
/// and the seat (SEA-1), and settles what is open for the same person and scopes (LIF-7d, IDN-11).
pub(super) fn join<R>(model: &AccessModel, draft: &mut Draft, joining: Joining<'_>) -> Result<Member, Stop<R>>
where
    R: Refusal
        + From<AlreadyMember>
        + From<DomainNotAllowed>
        + From<AddressNeeded>
        + From<AddressOfAnotherMember>
        + From<MemberSuspended>
        + From<NoRoom>,
{
    let Joining { user, email, known, grants, known_as, joined_by, metadata } = joining;
    let before = draft.member(user)?.cloned();
    let rules = &organization::<R>(draft)?.settings.domains;
    let domain = match before.is_none() && *draft.actor() != Actor::System {
        true => require_permitted(rules, email.or(known)),
        false => require_domain(rules, email).map_err(R::from),
    };
    draft.rule("IDN-8", domain)?;
    if let Some(email) = email {
        let other = draft.member_with(email)?.is_some_and(|member| member.user != *user);
        draft.require("IDN-12", !other, || R::from(AddressOfAnotherMember {}))?;
    }
    if before.as_ref().and_then(Member::ends_at).is_some_and(|end| end <= draft.now()) {
        // What is due was ended before. It is among what was not loaded.
        return Err(Stop::MoreDue);
    }
    require_active::<R>(draft, before.as_ref().is_none_or(Member::is_active))?;
    let held = before.as_ref().map(|member| member.grants.clone()).unwrap_or_default();
    let news = grants.scopes().any(|scope| held.access(scope).is_none());
    draft.require("IDN-10", news, || R::from(AlreadyMember {}))?;

    let grants = held.joined(grants);
    let seat = seat_after(model, draft, before.as_ref(), &grants);
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
            let (status, seat) = (MemberStatus::Active, seat.clone());
            let member = Member { user, status, email, grants, seat, joined_by, joined_at, metadata };
            draft.emit(Event::MemberJoined { member: Box::new(member.clone()) });
            member
        }
    };
    settle(model, draft, &member, known_as)?;
    if takes_another(before.as_ref(), seat.as_ref()) {
        require_seat(draft, seat.as_ref())?;
    }
    Ok(member)
}

/// Ends what is open for a member and scopes that they hold now, and lets go of seats that their membership
/// covers (LIF-7d). `known_as` is whoever else the host says that they are.
pub(super) fn settle<R: Refusal>(
    model: &AccessModel,
    draft: &mut Draft,
    member: &Member,
    known_as: impl IntoIterator<Item = Invitee>,
) -> Result<(), Stop<R>> {
    for invitee in names_of(member).chain(known_as).collect::<SortedSet<_>>() {
        if draft.member_of(&invitee)?.is_some_and(|other| other.user != member.user) {
            continue;
        }
        let held = |row: &&&Invitation| match row.kind {
            InvitationKind::Membership => member.holds_in_all(&row.grants),
            InvitationKind::Ownership { .. } => member.is_owner(),
        };
        let open = open_at_places(draft, &invitee, &member.grants)?;
        let done = open.iter().filter(held).map(|row| row.id).collect::<Vec<_>>();
        for id in done {
            draft.revoke(id, RevokedBecause::JoinedOtherwise);
        }
        release_covered(model, draft, &invitee, member)?;
        let asked = draft.asked_for(&invitee)?;
        let done = asked.filter(|row| member.holds_in_all(&row.grants)).map(|row| row.id).collect::<Vec<_>>();
        for id in done {
            draft.settle_request(id, SettledBecause::JoinedOtherwise);
        }
    }
    Ok(())
}

/// The invitees that a member is known as: the user, and the address they joined with.
pub(super) fn names_of(member: &Member) -> impl Iterator<Item = Invitee> + use<> {
    let address = member.email.clone().map(Invitee::Address);
    core::iter::once(Invitee::User(member.user.clone())).chain(address)
}

/// Ends everything that is open for somebody who is no member any more (LIF-7c), or is suspended.
pub(crate) fn end_open_for(
    draft: &mut Draft,
    member: &Member,
    because: RevokedBecause,
) -> Result<(), NotLoaded> {
    for invitee in names_of(member) {
        let open = draft.open_of(&invitee)?.map(|row| row.id).collect::<Vec<_>>();
        for id in open {
            draft.revoke(id, because);
        }
        let asked = draft.asked_for(&invitee)?.map(|row| row.id).collect::<Vec<_>>();
        for id in asked {
            draft.settle_request(id, SettledBecause::InviteeRemoved);
        }
    }
    Ok(())
}

/// Ends what is open for a member and names a scope in which they hold nothing any more (LIF-7c).
pub(super) fn end_open_in(
    model: &AccessModel,
    draft: &mut Draft,
    member: &Member,
    before: &Grants,
) -> Result<(), Fault> {
    let lost = |scope: &Scope| before.access(scope).is_some() && member.grants.access(scope).is_none();
    if !before.scopes().any(lost) {
        return Ok(());
    }
    for invitee in names_of(member) {
        let of_it =
            |row: &&Invitation| row.kind == InvitationKind::Membership && row.grants.scopes().any(lost);
        let open = draft.open_of(&invitee)?.filter(of_it).map(|row| row.id).collect::<Vec<_>>();
        for id in open {
            draft.revoke(id, RevokedBecause::InviteeRemoved);
        }
        lower(model, draft, &invitee)?;
        let asked = draft.asked_for(&invitee)?.filter(|row| row.grants.scopes().any(lost));
        for id in asked.map(|row| row.id).collect::<Vec<_>>() {
            draft.settle_request(id, SettledBecause::InviteeRemoved);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    /// `bob`, whom the host added without an address.
    fn world_with_bob() -> World {
        let mut world = World::with(team_of(2));
        world.ok(AddMembers::one(NewMember::new(user("bob"), in_group("member", "own"))), &Actor::System);
        world
    }

    #[test]
    fn given_rules_on_domains_when_somebody_comes_in_by_any_way_then_an_address_that_they_permit_is_needed_idn_8_f15()
     {
        let mut world = World::new();
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        let client = || Grant::role("client");
        let link = world.make_link(LinkSettings::new("Clients", client()).by_request());
        let token = world.link_token(link);
        let asked = world.ok(AskToJoin::link(token, stranger("ann")), &by("ann")).request;
        let invited = world.invite(user("bob"), client(), &by("ada"));
        let rules = DomainRules::new().allow(DomainRule::parse("example.com").unwrap());
        let settings = Settings::named("Acme").domains(rules).inclusion(Inclusion::Asked);
        world.ok(ChangeSettings::new(settings.clone()), &by("ada"));
        fn code<T, R: Refusal>(came: Result<T, R>) -> Option<&'static str> {
            came.err().map(|why| why.code())
        }

        // Where a principal acts, any address vouched for will do.
        let bob = |at: &str| stranger("bob").vouching(address(at));
        let accept = |bob: Principal| Accept::inbox(invited, bob);
        assert_eq!(code(world.run(accept(stranger("bob")), &by("bob"))), Some("address-needed"));
        assert_eq!(code(world.run(accept(bob("bob@work.example")), &by("bob"))), Some("domain-not-allowed"));
        let both = bob("bob@a.example").vouching(address("bob@example.com"));
        let accepted = world.ok(accept(both), &by("bob"));
        assert_eq!(accepted.proven, None, "nobody had invited it");
        assert_eq!(world.member("bob").unwrap().email, Some(address("bob@example.com")));

        // Where nobody is there to vouch, what is known of them counts.
        assert_eq!(code(world.run(Approve::one(asked), &by("ada"))), Some("address-needed"));
        let add = |member: NewMember| AddMembers::one(member);
        let cid = || NewMember::new(user("cid"), client());
        assert_eq!(code(world.run(add(cid()), &by("ada"))), Some("address-needed"));
        let elsewhere = cid().email(address("cid@work.example"));
        assert_eq!(code(world.run(add(elsewhere), &by("ada"))), Some("domain-not-allowed"));
        let dan = |at: Option<&str>| {
            let dan = InviteeEntry::new(user("dan"));
            let dan = at.into_iter().fold(dan, |dan, at| dan.address(address(at)));
            Invite::new(dan, client()).include(Include::Yes)
        };
        assert_eq!(code(world.run(dan(None), &by("ada"))), Some("address-needed"));
        assert_eq!(code(world.run(dan(Some("dan@work.example")), &by("ada"))), Some("domain-not-allowed"));
        world.ok(dan(Some("dan@example.com")), &by("ada"));
        assert_eq!(world.member("dan").unwrap().email, None, "it is not kept");
        let proposal = world.propose(user("eve"), client(), "mia");
        world.ok(ChangeSettings::new(settings.inclusion(Inclusion::Always)), &by("ada"));
        assert_eq!(code(world.run(Approve::one(proposal), &by("ada"))), Some("address-needed"));

        // Whom the host itself lets in, and who is a member already, is not asked.
        world.ok(add(cid()), &Actor::System);
        world.invite(user("cid"), in_group("client", "red"), &by("ada"));
        assert_eq!(world.member("cid").unwrap().grants.len(), 2);
    }

    #[test]
    fn given_a_member_without_an_address_when_one_of_two_is_accepted_by_address_then_one_seat_is_taken_sea_3()
    {
        let mut world = World::with(team_of(2));
        world.add("bob", in_group("client", "own"));
        let mut without = world_with_bob();
        for world in [&mut world, &mut without] {
            let red = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
            let blue = world.invite("bob@example.com", in_group("member", "blue"), &by("ada"));
            world.ok(Accept::inbox(red, person("bob")), &by("bob"));
            assert_eq!(world.seats("team"), (1, 0));
            assert_eq!(world.state(blue), InvitationState::Pending);
        }
    }

    #[test]
    fn given_an_invitation_to_another_vouched_address_when_joining_then_it_is_settled_lif_7d_idn_11() {
        let mut world = World::new();
        let one = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let other = world.invite("bob@work.example", Grant::role("member"), &by("ada"));
        let strangers = world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        let bob = person("bob").vouching(address("bob@work.example"));
        world.ok(Accept::inbox(one, bob), &by("bob"));
        assert_eq!(world.state(other), InvitationState::Revoked);
        assert_eq!(world.state(strangers), InvitationState::Pending);
        assert_eq!(world.seats("team"), (1, 1));
    }

    #[test]
    fn given_an_address_of_another_member_when_somebody_for_whom_it_is_vouched_joins_then_theirs_stays_idn_12()
     {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let bobs = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        let eves =
            world.invite("eve@example.com", [Grant::role("member"), in_group("member", "red")], &by("ada"));
        let eve = person("eve").vouching(address("bob@example.com"));
        world.ok(Accept::inbox(eves, eve), &by("eve"));
        assert_eq!(world.state(bobs), InvitationState::Pending);
    }

    #[test]
    fn given_an_offer_of_ownership_when_the_member_joins_a_group_then_the_offer_stays() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let offer = OfferOwnership::new(user("bob"), FormerOwner::Stays);
        let offer = world.ok(offer, &by("ada")).invitation;
        let red = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        world.ok(Accept::inbox(red, person("bob")), &by("bob"));
        assert_eq!(world.state(offer), InvitationState::Pending);
        world.ok(ChangeAccess::new(user("bob"), Grant::role("client")), &by("ada"));
        assert_eq!(world.state(offer), InvitationState::Pending);
        world.ok(Accept::inbox(offer, person("bob")), &by("bob"));
        assert_eq!(world.organization().counts.owners, 2);
    }

    #[test]
    fn given_an_invitation_to_a_group_when_access_to_it_is_given_otherwise_then_it_is_settled_lif_7d() {
        let mut world = World::new();
        world.add("bob", Grant::role("member"));
        let red = world.invite("bob@example.com", in_group("member", "red"), &by("ada"));
        let both = [Grant::role("member"), in_group("client", "red")];
        world.ok(ChangeAccess::new(user("bob"), both), &by("ada"));
        assert_eq!(world.state(red), InvitationState::Revoked);
    }

    #[test]
    fn given_a_member_of_a_group_when_becoming_an_owner_then_the_group_stays_and_what_is_covered_ends_lif_7d()
    {
        let mut world = World::new();
        world.add("bob", in_group("member", "red"));
        let open = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let offer = OfferOwnership::new(user("bob"), FormerOwner::Stays);
        let offer = world.ok(offer, &by("ada")).invitation;
        world.ok(Accept::inbox(offer, stranger("bob")), &by("bob"));
        assert_eq!(world.state(open), InvitationState::Revoked);
        let held = &world.member("bob").unwrap().grants;
        assert_eq!(held.scopes().count(), 2);
        assert!(held.is_owner());
    }

    #[test]
    fn given_a_rule_when_somebody_comes_in_by_any_way_then_it_is_asked_aut_6() {
        type Comes = fn(&mut World, InvitationId) -> Option<&'static str>;
        let ways: [(&str, Comes); 3] = [
            ("by the inbox", |world, id| {
                world.run(Accept::inbox(id, person("bob")), &by("bob")).err().map(|why| why.code())
            }),
            ("by a mailed link", |world, id| {
                let token = world.mail(id);
                world.run(Accept::token(token, stranger("bob")), &by("bob")).err().map(|why| why.code())
            }),
            ("by being added", |world, _| {
                let bob = NewMember::new(user("bob"), Grant::role("member"));
                let add = AddMembers::one(bob.email(address("bob@example.com")));
                world.run(add, &by("ada")).err().map(|why| why.code())
            }),
        ];
        type Rules = fn(&mut World);
        let rules: [(Option<&str>, Rules); 5] = [
            (None, |_| {}),
            (Some("domain-not-allowed"), |world| {
                let rules = DomainRules::new().allow(DomainRule::parse("work.example").unwrap());
                world.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
            }),
            (Some("no-seat-left"), |world| {
                world.ok(ChangePlan::new(team_of(0)), &Actor::System);
            }),
            (Some("address-of-another-member"), |world| {
                let eve = NewMember::new(user("eve"), in_group("client", "red"));
                world.ok(AddMembers::one(eve.email(address("bob@example.com"))), &Actor::System);
            }),
            (Some("organization-suspended"), |world| {
                world.ok(ChangeStatus::Suspend, &by("ada"));
            }),
        ];
        for (expected, rule) in rules {
            for (way, comes) in ways {
                let mut world = World::with(team_of(1));
                let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
                rule(&mut world);
                assert_eq!(comes(&mut world, id), expected, "{way}");
                assert_eq!(world.member("bob").is_some(), expected.is_none(), "{way}");
                if expected.is_some() {
                    assert_eq!(world.state(id), InvitationState::Pending, "LIF-11: {way}");
                }
            }
        }
    }
}
