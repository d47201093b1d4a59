//! Join by a verified domain.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::Principal;
use super::accept::{MAX_VOUCHED, require_there};
use super::create_link::require_joinable;
use super::join::{Joining, join};
use crate::operation::sealed::Sealed;
use crate::refusal::{
    AddressNeeded, DomainByRequest, DomainNotAllowed, NoVerifiedDomain, Refusal, TooLarge, refused,
    refused_for_groups, refused_for_seats, refused_when_closed,
};
use crate::rules::{NotOpen, organization, require_groups, require_open, without_closed};
use crate::seats::end_due;
use crate::{
    Actor, Domain, DomainJoining, Draft, EmailAddress, Grants, GroupId, Host, JoinedBy, Metadata, Operation,
    Organization, Reads, Stop, UserId, VerifiedDomain,
};

/// Joins by oneself, with an address of a domain that was verified for the organization (F15).
///
/// It is for who knows the organization: the host, which verified the domain, offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JoinByDomain {
    principal: Principal,
}

impl JoinByDomain {
    /// As this user, with the addresses that the host vouches for.
    #[must_use]
    pub fn new(principal: Principal) -> Self {
        Self { principal }
    }

    /// Who joins.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

/// What came of joining by a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DomainJoined {
    /// The domain.
    pub domain: Domain,
    /// Who joined.
    pub user: UserId,
    /// What they hold in the organization now.
    pub grants: Grants,
    /// Groups that the domain gives access to and that were closed since (LIF-10).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<GroupId>,
}

refused! {
    /// Why somebody did not join by a domain.
    JoinByDomainRefused:
        OrganizationSuspended, OrganizationClosed, TooLarge, AddressNeeded, NoVerifiedDomain, DomainByRequest,
        NoLongerAvailable, UnknownGroup, GroupArchived, GroupClosed, GroupInviteOnly, DomainNotAllowed,
        AddressOfAnotherMember, AlreadyMember, NoSeatLeft, SeatClassNotInPlan, MemberSuspended
}
refused_when_closed!(JoinByDomainRefused);
refused_for_groups!(JoinByDomainRefused);
refused_for_seats!(JoinByDomainRefused);

impl Sealed for JoinByDomain {}

impl Operation for JoinByDomain {
    type Outcome = DomainJoined;
    type Refusal = JoinByDomainRefused;
    const NAME: &'static str = "join-by-domain";

    fn reads(&self, _actor: &Actor) -> Reads {
        let mut reads = Reads::new().person(self.principal.user().clone()).due();
        reads.invitees.extend(self.principal.invitees());
        reads_of_domains(reads, &self.principal)
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
        let (domain, email, VerifiedDomain { joining, grants }) =
            verified_address::<JoinByDomainRefused>(draft, &self.principal)?;
        let by_request = || JoinByDomainRefused::from(DomainByRequest { domain: domain.clone() });
        draft.require("F15", joining == DomainJoining::Directly, by_request)?;
        require_there::<JoinByDomainRefused>(host, draft, &grants)?;
        let (grants, dropped) = without_closed::<JoinByDomainRefused>(draft, &grants)?;
        require_groups::<JoinByDomainRefused>(draft, &grants)?;
        require_joinable::<JoinByDomainRefused>(draft, &grants)?;
        end_due(host.model, draft)?;
        let joining = Joining {
            user,
            email: Some(&email),
            known: None,
            grants: &grants,
            known_as: self.principal.invitees().collect(),
            joined_by: JoinedBy::Domain(domain.clone()),
            metadata: Metadata::new(),
        };
        let member = join::<JoinByDomainRefused>(host.model, draft, joining)?;
        Ok(DomainJoined { domain, user: member.user, grants: member.grants, dropped })
    }
}

/// Also what is verified of the domains of addresses that are vouched for.
pub(super) fn reads_of_domains(mut reads: Reads, principal: &Principal) -> Reads {
    let few = principal.vouched().iter().take(MAX_VOUCHED);
    reads.domains.extend(few.map(|address| address.domain().into()));
    reads
}

/// An address vouched for of a domain that was verified for the organization, and what is set about it. It is one that the
/// organization's rules permit (IDN-8), and rather of a domain that is joined directly.
pub(super) fn verified_address<R>(
    draft: &mut Draft,
    principal: &Principal,
) -> Result<(Domain, EmailAddress, VerifiedDomain), Stop<R>>
where
    R: Refusal
        + From<NotOpen>
        + From<TooLarge>
        + From<AddressNeeded>
        + From<NoVerifiedDomain>
        + From<DomainNotAllowed>,
{
    require_open::<R>(draft)?;
    principal.require_few_vouched::<R>()?;
    let Organization { verified, settings, .. } = organization::<R>(draft)?;
    let of_theirs = |address: &EmailAddress| {
        let (domain, set) = verified.iter().find(|(domain, _)| domain.matches(address))?;
        Some((domain.clone(), address.clone(), set.clone()))
    };
    let found = principal.vouched().iter().filter_map(of_theirs).collect::<Vec<_>>();
    let permitted = found.iter().filter(|(_, address, _)| settings.domains.permits(address));
    let best = permitted.min_by_key(|(_, _, set)| set.joining == DomainJoining::ByRequest).cloned();
    let answer = match (best, found.first()) {
        (Some(best), _) => Ok(best),
        (None, Some((_, other, _))) => Err(R::from(DomainNotAllowed { domain: other.domain().into() })),
        (None, None) if principal.vouched().is_empty() => Err(AddressNeeded {}.into()),
        (None, None) => Err(NoVerifiedDomain {}.into()),
    };
    Ok(draft.rule("F15", answer)?)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn joins(grants: impl Into<Grants>) -> VerifiedDomain {
        VerifiedDomain::joins(grants)
    }

    fn join(who: &str) -> JoinByDomain {
        JoinByDomain::new(person(who))
    }

    #[test]
    fn given_a_verified_domain_when_somebody_of_it_joins_then_they_hold_its_access_and_how_is_on_record_f15()
    {
        let mut world = World::with(team_of(1));
        world.verify([("example.com", joins(Grant::role("member")))]);
        let invitation = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let joined = world.ok(join("bob"), &by("bob"));
        assert_eq!(joined.grants, Grants::from(Grant::role("member")));
        let row = &world.rows().members[&user("bob")];
        assert_eq!(row.joined_by, JoinedBy::Domain(Domain::parse("example.com").unwrap()));
        assert_eq!(row.email, Some(address("bob@example.com")));
        assert_eq!(world.state(invitation), InvitationState::Revoked, "settled (LIF-7d)");
        assert_eq!(world.seats("team"), (1, 0));
    }

    #[test]
    fn given_a_domain_for_two_groups_of_which_one_closed_when_joining_or_asking_then_the_other_is_meant_lif_10()
     {
        let mut world = World::new();
        world.by_links(["red", "blue"]);
        let both = || [in_group("client", "red"), in_group("client", "blue")];
        world.verify([("example.com", VerifiedDomain::asks(both()))]);
        let ask = |who: &str| AskToJoin::domain(person(who));
        let cid = world.ok(ask("cid"), &by("cid")).request;
        world.add("gus", in_group("admin", "blue"));
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        let dan = world.ok(ask("dan"), &by("dan")).request;
        assert_eq!(world.request(dan).grants, in_group("client", "blue").into());
        for (id, dropped) in [(cid, &[group("red")][..]), (dan, &[])] {
            let approved = world.ok(Approve::one(id), &by("gus"));
            let ApproveOutcome::Joined { grants, dropped: told, .. } = &approved.results[0].outcome else {
                panic!("{approved:?}")
            };
            assert_eq!((grants, &told[..]), (&in_group("client", "blue").into(), dropped));
        }
        world.verify([("example.com", joins(in_group("client", "blue")))]);
        let mut closed = world.clone();
        closed.by_links(["own"]);
        closed.verify([("example.com", joins([in_group("client", "own"), in_group("client", "blue")]))]);
        closed.ok(ChangeGroupStatus::close(group("own")), &by("ada"));
        let joined = closed.ok(join("bob"), &by("bob"));
        assert_eq!(
            (joined.grants, joined.dropped),
            (in_group("client", "blue").into(), [group("own")].into())
        );
        closed.ok(ChangeGroupStatus::close(group("blue")), &by("ada"));
        assert_eq!(closed.run(join("eve"), &by("eve")).unwrap_err().code(), "group-closed");
    }

    #[test]
    fn given_addresses_of_several_verified_domains_when_joining_then_by_one_that_is_permitted_and_rather_directly_f15_idn_8()
     {
        let mut world = World::new();
        world.verify([
            ("a.example", joins(Grant::role("client"))),
            ("b.example", VerifiedDomain::asks(Grant::role("client"))),
            ("c.example", joins(Grant::role("client"))),
        ]);
        let rules = DomainRules::new().deny(DomainRule::parse("a.example").unwrap());
        world.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        let of = |domains: &[&str]| {
            let at = |domain: &&str| address(&std::format!("bob@{domain}"));
            domains.iter().map(at).fold(stranger("bob"), Principal::vouching)
        };
        let join =
            |world: &mut World, domains: &[&str]| world.run(JoinByDomain::new(of(domains)), &by("bob"));
        let code = |came: Result<DomainJoined, JoinByDomainRefused>| came.unwrap_err().code();
        assert_eq!(code(join(&mut world, &["a.example"])), "domain-not-allowed");
        assert_eq!(code(join(&mut world, &["a.example", "b.example"])), "domain-by-request");
        let ask = |domains: &[&str]| AskToJoin::domain(of(domains));
        let refused = world.run(ask(&["a.example"]), &by("bob")).unwrap_err();
        assert_eq!(refused.code(), "domain-not-allowed");
        world.clone().ok(ask(&["a.example", "b.example"]), &by("bob"));
        let joined = join(&mut world, &["a.example", "b.example", "c.example"]).unwrap();
        assert_eq!(joined.domain.as_str(), "c.example");
    }

    #[test]
    fn given_a_domain_below_a_verified_one_when_joining_then_it_is_another_domain_idn_8() {
        let mut world = World::new();
        world.verify([("example.com", joins(Grant::role("member")))]);
        for other in ["bob@mail.example.com", "bob@evil-example.com", "bob@example.com.evil.example"] {
            let bob = stranger("bob").vouching(address(other));
            assert_eq!(
                world.run(JoinByDomain::new(bob), &by("bob")).unwrap_err().code(),
                "no-verified-domain"
            );
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("JoinByDomainRefused", include_str!("join_domain.rs"));
        let mut world = World::with(team_of(1).entitled("line", Restriction::only(["a"])));
        world.by_links(["red", "more", "own"]);
        cases.refused(
            "given no verified domain, then no",
            "NoVerifiedDomain",
            world.run(join("bob"), &by("bob")),
        );
        world.verify([("example.com", joins(Grant::role("member")))]);
        cases.refused(
            "given no address, then one is needed (IDN-8)",
            "AddressNeeded",
            world.run(JoinByDomain::new(stranger("bob")), &by("bob")),
        );
        let crowd =
            (0..17).fold(person("bob"), |bob, n| bob.vouching(address(&std::format!("b{n}@example.com"))));
        cases.refused(
            "given more addresses than anybody has, then they are too many (ABU-3)",
            "TooLarge",
            world.run(JoinByDomain::new(crowd), &by("bob")),
        );
        let mut asks = world.clone();
        asks.verify([("example.com", VerifiedDomain::asks(Grant::role("member")))]);
        cases.refused(
            "given a domain by request, then one has to ask (F15)",
            "DomainByRequest",
            asks.run(join("bob"), &by("bob")),
        );
        let mut denied = world.clone();
        let rules = DomainRules::new().deny(DomainRule::parse("example.com").unwrap());
        denied.ok(ChangeSettings::new(Settings::named("Acme").domains(rules)), &by("ada"));
        cases.refused(
            "given a rule that denies the domain, then no (LNK-6)",
            "DomainNotAllowed",
            denied.run(join("bob"), &by("bob")),
        );
        let mut disabled = world.clone();
        disabled.verify([(
            "example.com",
            joins(Grant::role("client").restricted("line", Restriction::only(["a"]))),
        )]);
        disabled.ok(ChangePlan::new(team_of(1).entitled("line", Restriction::only(["b"]))), &Actor::System);
        cases.refused(
            "given a line that is gone, then no (LIF-10)",
            "NoLongerAvailable",
            disabled.run(join("bob"), &by("bob")),
        );
        for (reason, id) in &SHUT[1..] {
            let mut shut = world.clone();
            shut.verify([("example.com", joins(in_group("client", id)))]);
            shut.shut_groups();
            cases.refused(
                "given a group that does not work since, then no (LIF-8)",
                reason,
                shut.run(join("bob"), &by("bob")),
            );
        }
        let mut private = world.clone();
        private.verify([("example.com", joins(in_group("client", "red")))]);
        private.ok(ChangeGroup::new(group("red"), GroupSettings::named("Red")), &by("ada"));
        cases.refused(
            "given a group that turned invite-only, then no (LNK-6)",
            "GroupInviteOnly",
            private.run(join("bob"), &by("bob")),
        );
        let mut taken = world.clone();
        taken.ok(
            AddMembers::one(
                NewMember::new(user("eve"), Grant::role("client")).email(address("bob@example.com")),
            ),
            &Actor::System,
        );
        cases.refused(
            "given an address that another joined with, then it is theirs (IDN-12)",
            "AddressOfAnotherMember",
            taken.run(join("bob"), &by("bob")),
        );
        world.ok(join("bob"), &by("bob"));
        let mut paused = world.clone();
        paused.verify([("example.com", joins([Grant::role("member"), in_group("client", "red")]))]);
        paused.ok(SuspendMembers::one(user("bob")), &by("ada"));
        cases.refused(
            "given a suspended member, then they are to be restored (AUT-7)",
            "MemberSuspended",
            paused.run(join("bob"), &by("bob")),
        );
        cases.refused(
            "given a member, then they are one already (IDN-10)",
            "AlreadyMember",
            world.run(join("bob"), &by("bob")),
        );
        cases.refused(
            "given no seat, then none is left (SEA-1)",
            "NoSeatLeft",
            world.run(join("cid"), &by("cid")),
        );
        world.ok(ChangePlan::new(Plan::seats("client", 9)), &Actor::System);
        cases.refused(
            "given a plan without the class, then it has none (SEA-4)",
            "SeatClassNotInPlan",
            world.run(join("cid"), &by("cid")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(join("cid"), &by("cid")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.run(join("cid"), &by("cid")),
        );
        cases.are_all_but(&[("UnknownGroup", "a group stays on record once it was there")]);
    }
}
