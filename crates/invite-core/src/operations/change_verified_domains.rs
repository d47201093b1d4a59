//! Change which domains are verified, and who joins by them.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::create_link::require_joinable;
use super::invite::check_grantable;
use crate::operation::sealed::Sealed;
use crate::refusal::{
    FreeMailDomain, NotVerified, TooLarge, refused, refused_for_grants, refused_for_groups,
    refused_when_closed,
};
use crate::rules::{authority, organization, require_open};
use crate::{
    Actor, Domain, Draft, Event, Grants, Host, Operation, Permission, Reads, Scope, Stop, VerifiedDomain,
};

/// Changes which domains are verified for the organization and how their people join, all at once (F15).
///
/// Whose a domain is, the host finds out by its own means, and adds it as the system. Members with
/// [`Permission::MANAGE`] change how people join by a verified domain, within what they may grant (AUT-2), and drop
/// domains. A free-mail domain is refused: it is nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeVerifiedDomains {
    verified: BTreeMap<Domain, VerifiedDomain>,
}

impl ChangeVerifiedDomains {
    /// To these domains.
    pub fn new(verified: impl IntoIterator<Item = (Domain, VerifiedDomain)>) -> Self {
        Self { verified: verified.into_iter().collect() }
    }
}

/// What came of changing the verified domains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerifiedDomainsChanged {
    /// The domains from now on.
    pub verified: BTreeMap<Domain, VerifiedDomain>,
}

refused! {
    /// Why the verified domains were not changed.
    ChangeVerifiedDomainsRefused:
        OrganizationSuspended, OrganizationClosed, NotPermitted, NotVerified, FreeMailDomain, TooLarge, NotGrantable,
        GrantsMissing, UnknownRole, UnknownPermission, UnknownResourceKind, NeverGrantable, NotEntitled, InvalidEnd, UnknownGroup,
        GroupArchived, GroupClosed, GroupInviteOnly
}
refused_when_closed!(ChangeVerifiedDomainsRefused);
refused_for_grants!(ChangeVerifiedDomainsRefused);
refused_for_groups!(ChangeVerifiedDomainsRefused);

impl Sealed for ChangeVerifiedDomains {}

impl Operation for ChangeVerifiedDomains {
    type Outcome = VerifiedDomainsChanged;
    type Refusal = ChangeVerifiedDomainsRefused;
    const NAME: &'static str = "change-verified-domains";

    fn reads(&self, actor: &Actor) -> Reads {
        let grants = self.verified.values().map(VerifiedDomain::grants);
        grants.fold(Reads::new().actor(actor), Reads::groups_in)
    }

    fn decide(
        &self,
        host: &Host<'_>,
        actor: &Actor,
        draft: &mut Draft,
    ) -> Result<Self::Outcome, Stop<Self::Refusal>> {
        require_open(draft)?;
        let permitted = authority(host, draft, actor)?.require(&Permission::MANAGE, &Scope::Organization);
        draft.rule("AUT-1", permitted.map_err(ChangeVerifiedDomainsRefused::from))?;
        // The organization's row holds them, and comes with every load.
        let (caps, sets) = (&host.model.caps, || self.verified.values());
        for (what, size, cap) in [
            ("verified domains", self.verified.len(), caps.verified_domains),
            ("grants of verified domains", sets().map(|set| set.grants.len()).sum(), caps.grants),
            (
                "bytes of resources of verified domains",
                sets().map(|set| set.grants.resource_bytes()).sum(),
                caps.resource_bytes,
            ),
        ] {
            let too_large = || ChangeVerifiedDomainsRefused::from(TooLarge::new(what, cap));
            draft.require("ABU-3", size <= cap, too_large)?;
        }
        let before = organization::<ChangeVerifiedDomainsRefused>(draft)?.verified.clone();
        for (domain, set) in &self.verified {
            if before.get(domain) != Some(set) {
                check_domain(host, actor, draft, before.contains_key(domain), domain, &set.grants)?;
            }
        }
        if before != self.verified {
            draft.emit(Event::VerifiedDomainsChanged { verified: self.verified.clone() });
        }
        Ok(VerifiedDomainsChanged { verified: self.verified.clone() })
    }
}

/// Requires that the domain is one that may be verified, and that the actor may give its people these grants.
fn check_domain(
    host: &Host<'_>,
    actor: &Actor,
    draft: &mut Draft,
    known: bool,
    domain: &Domain,
    grants: &Grants,
) -> Result<(), Stop<ChangeVerifiedDomainsRefused>> {
    let verified = known || *actor == Actor::System;
    let not_verified = || ChangeVerifiedDomainsRefused::from(NotVerified { domain: domain.clone() });
    draft.require("F15", verified, not_verified)?;
    let free_mail = || ChangeVerifiedDomainsRefused::from(FreeMailDomain { domain: domain.clone() });
    draft.require("F15", !host.free_mail.is_free_mail(domain), free_mail)?;
    check_grantable::<ChangeVerifiedDomainsRefused>(host, actor, draft, &Permission::INVITE, grants)?;
    require_joinable(draft, grants)
}

#[cfg(test)]
mod tests {
    use crate::testing::*;
    use crate::*;

    fn to(domain: &str, set: VerifiedDomain) -> ChangeVerifiedDomains {
        ChangeVerifiedDomains::new([(Domain::parse(domain).unwrap(), set)])
    }

    fn joins(grants: impl Into<Grants>) -> VerifiedDomain {
        VerifiedDomain::joins(grants)
    }

    #[test]
    fn given_a_verified_domain_when_a_manager_changes_it_then_within_what_they_may_grant_and_may_drop_it_f15()
    {
        let mut world = World::new();
        world.verify([("work.example", joins(Grant::role("client")))]);
        world.add("dan", Grant::role("admin").removing("posts.publish"));
        world.ok(to("work.example", VerifiedDomain::asks(Grant::role("client"))), &by("dan"));
        let more = to("work.example", joins(Grant::role("member")));
        assert_eq!(world.run(more, &by("dan")).unwrap_err().code(), "not-grantable");
        let before = world.events();
        world.ok(to("work.example", VerifiedDomain::asks(Grant::role("client"))), &by("dan"));
        assert_eq!(world.events(), before, "what is so already makes no event");
        world.ok(ChangeVerifiedDomains::new([]), &by("dan"));
        assert!(world.organization().verified.is_empty());
    }

    #[test]
    fn given_many_verified_domains_when_changed_then_all_of_them_together_are_bounded_abu_3() {
        let caps = Caps { verified_domains: 3, grants: 4, resource_bytes: 8, ..Caps::default() };
        let mut world = World::of(model().caps(caps), roomy());
        let both = || [Grant::role("client"), Grant::role("client").in_group(group("red"))];
        world.by_links(["red"]);
        let only = |one: &str| Grant::role("client").restricted("account", Restriction::only([one]));
        let mut tried = |sets: &[Grants]| {
            let domain = |n: usize| Domain::parse(&std::format!("d{n}.example")).unwrap();
            let set = |(n, grants): (usize, &Grants)| (domain(n), joins(grants.clone()));
            let change = ChangeVerifiedDomains::new(sets.iter().enumerate().map(set));
            world.run(change, &Actor::System).err().map(|why| std::format!("{why}"))
        };
        let one = || Grants::from(Grant::role("client"));
        for (sets, bound) in [
            (std::vec![one(), one(), one()], None),
            (std::vec![one(), one(), one(), one()], Some("verified domains")),
            (std::vec![both().into(), both().into()], None),
            (std::vec![both().into(), both().into(), one()], Some("grants of verified domains")),
            (std::vec![only("1234").into(), only("5678").into()], None),
            (
                std::vec![only("1234").into(), only("56789").into()],
                Some("bytes of resources of verified domains"),
            ),
        ] {
            let told = tried(&sets);
            assert_eq!(told.is_some(), bound.is_some(), "{told:?}");
            assert!(bound.is_none_or(|bound| told.is_some_and(|told| told.contains(bound))), "{bound:?}");
        }
    }

    #[test]
    fn every_reason_to_refuse_is_reached() {
        let mut cases = Cases::of("ChangeVerifiedDomainsRefused", include_str!("change_verified_domains.rs"));
        let caps = Caps { verified_domains: 1, ..Caps::default() };
        let mut world = World::of(model().caps(caps), roomy().entitled("line", Restriction::only(["a"])));
        world.by_links(["more", "own"]);
        let client = || Grant::role("client");
        let mut tried = |sentence: &str, reason: &str, set: VerifiedDomain| {
            cases.refused(sentence, reason, world.run(to("work.example", set), &Actor::System));
        };
        tried("given nothing to grant, then no", "GrantsMissing", joins(Grants::default()));
        tried("given a role that there is not, then no (AUT-3)", "UnknownRole", joins(Grant::role("pope")));
        tried(
            "given a permission that there is not, then no",
            "UnknownPermission",
            joins(client().adding("fly")),
        );
        tried(
            "given a kind that there is not, then no",
            "UnknownResourceKind",
            joins(client().restricted("ship", Restriction::All)),
        );
        tried(
            "given a right that the role never has, then no (B7)",
            "NeverGrantable",
            joins(client().adding("accounts.delete")),
        );
        tried(
            "given a line that is not enabled, then no (D2)",
            "NotEntitled",
            joins(client().restricted("line", Restriction::only(["b"]))),
        );
        tried(
            "given access that is over already, then no (F14)",
            "InvalidEnd",
            joins(client().until(MIN_TIME)),
        );
        tried(
            "given an invite-only group, then no (LNK-6)",
            "GroupInviteOnly",
            joins(in_group("client", "red")),
        );
        for (reason, id) in SHUT {
            let mut shut = world.clone();
            shut.shut_groups();
            let to = to("work.example", joins(in_group("client", id)));
            cases.refused(
                "given a group that does not work, then no (LIF-8)",
                reason,
                shut.run(to, &Actor::System),
            );
        }
        cases.refused(
            "given a domain of everybody, then it is nobody's (F15)",
            "FreeMailDomain",
            world.run(to("GMail.com", joins(client())), &Actor::System),
        );
        let two = ["a.example", "b.example"].map(|text| (Domain::parse(text).unwrap(), joins(client())));
        cases.refused(
            "given more than may be, then too many (ABU-3)",
            "TooLarge",
            world.run(ChangeVerifiedDomains::new(two), &Actor::System),
        );
        cases.refused(
            "given an owner, then the host finds out whose a domain is (F15)",
            "NotVerified",
            world.run(to("work.example", joins(client())), &by("ada")),
        );
        world.verify([("work.example", joins(client()))]);
        world.add("dan", Grant::role("admin").removing("posts.publish"));
        let more = to("work.example", joins(Grant::role("member")));
        cases.refused(
            "given more than one holds, then no (AUT-2)",
            "NotGrantable",
            world.run(more, &by("dan")),
        );
        world.add("lea", Grant::role("lead"));
        cases.refused(
            "given a lead, then not (AUT-1)",
            "NotPermitted",
            world.run(ChangeVerifiedDomains::new([]), &by("lea")),
        );
        world.ok(ChangeStatus::Suspend, &by("ada"));
        cases.refused(
            "given a suspended organization, then not now (LIF-8)",
            "OrganizationSuspended",
            world.run(ChangeVerifiedDomains::new([]), &by("ada")),
        );
        world.ok(ChangeStatus::Close, &by("ada"));
        cases.refused(
            "given a closed organization, then never (LIF-8)",
            "OrganizationClosed",
            world.run(ChangeVerifiedDomains::new([]), &by("ada")),
        );
        cases.are_all_but(&[]);
    }
}
