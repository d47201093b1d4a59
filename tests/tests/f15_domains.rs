//! F15 and IDN-8. Which domains may be invited and may join, and what those of a verified domain get.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::core::{Domain, FreeMail, LinkSettings, VerifiedDomain};
use invite::{
    Access, AccessModel, Acting, DomainRule, DomainRules, Grant, GroupSettings, JoinedBy, Plan, Principal,
    Scope, Settings,
};
use tests::{Listed, group, newcomer, on_every_store, person, refused, token};

fn rule(text: &str) -> DomainRule {
    DomainRule::parse(text).unwrap()
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).unwrap()
}

fn of(who: &str, domain: &str) -> Principal {
    Principal::user(who).vouched(format!("{who}@{domain}"))
}

async fn set(acme: &Acting, rules: DomainRules) {
    acme.change_settings(Settings::named("Acme Ltd").domains(rules)).await.unwrap();
}

/// A host that knows who gives addresses to everybody in its town.
#[derive(Debug)]
struct Town;

impl FreeMail for Town {
    fn is_free_mail(&self, domain: &Domain) -> bool {
        domain.as_str() == "town.example"
    }
}

on_every_store! {
    async fn f15_allowed_and_denied_domains_hold_for_invitations_and_links(world) {
        let acme = world.acme().await;
        set(&acme, DomainRules::new().deny(rule("evil.example"))).await;
        let invited = acme.invite("bob@evil.example, eve@example.com, dan@not-evil.example", Grant::role("client")).await.unwrap();
        let refusals = invited.refused().map(|(_, reason)| invite::Refusal::code(reason)).collect::<Vec<_>>();
        // The whole domain counts, and none that ends alike.
        assert_eq!((refusals, acme.waiting().await.len()), (vec!["domain-not-allowed"], 2));
        let link = acme.create_link(LinkSettings::new("Clients", Grant::role("client"))).await.unwrap().link;
        let by_link = token(&acme.show_link(link).await.unwrap().reveal());
        refused(world.invite.join(&by_link, of("bob", "evil.example")).await, "domain-not-allowed", "IDN-8", "");
        let fay = of("fay", "evil.example").vouched("fay@example.com");
        world.invite.join(&by_link, fay).await.unwrap();
        let row = acme.organization().member("fay").await.unwrap().unwrap();
        assert_eq!(row.email.unwrap().as_str(), "fay@example.com", "by an address that is allowed");

        // What is denied is denied within what is allowed.
        set(&acme, DomainRules::new().allow(rule("*.example.com")).deny(rule("guests.example.com"))).await;
        for (to, code) in [
            ("a@staff.example.com", "ok"),
            ("b@guests.example.com", "domain-not-allowed"),
            ("c@example.org", "domain-not-allowed"),
        ] {
            assert_eq!(tests::code(acme.invite(to, Grant::role("client")).await), code, "{to}");
        }
    }

    async fn f15_a_rule_that_came_later_holds_when_an_invitation_is_sent_again_and_accepted(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("client")).await.unwrap();
        world.deliver().await;
        let (bob, _) = acme.entry("bob@example.com").await;
        let bobs = world.token_to("bob@example.com");
        for rules in [DomainRules::new().deny(rule("example.com")), DomainRules::new().allow(rule("work.example"))] {
            set(&acme, rules).await;
            refused(acme.resend(bob.id).await, "domain-not-allowed", "IDN-8", "");
            refused(world.invite.accept(&bobs, person("bob")).await, "domain-not-allowed", "IDN-8", "");
            refused(world.invite.accept(&bobs, newcomer("bob")).await, "domain-not-allowed", "IDN-8", "");
            let inbox = acme.organization().accept(bob.id, person("bob")).await;
            refused(inbox, "domain-not-allowed", "IDN-8", "");
            assert_eq!((acme.waiting().await, acme.users().await), (vec!["bob@example.com".to_owned()], vec!["ada".to_owned()]));
        }
        set(&acme, DomainRules::new()).await;
        world.invite.accept(&bobs, person("bob")).await.unwrap();
    }

    async fn f15_a_link_has_domains_of_its_own_beside_those_of_the_organization(world) {
        let acme = world.acme().await;
        let rules = DomainRules::new().allow(rule("example.com")).allow(rule("work.example"));
        let settings = LinkSettings::new("Clients", Grant::role("client")).domains(rules);
        let link = acme.create_link(settings).await.unwrap().link;
        let by_link = token(&acme.show_link(link).await.unwrap().reveal());
        refused(world.invite.join(&by_link, of("bob", "evil.example")).await, "domain-not-allowed", "IDN-8", "");
        refused(world.invite.join(&by_link, newcomer("bob")).await, "address-needed", "IDN-8", "verify");
        world.invite.join(&by_link, person("bob")).await.unwrap();
        // Both have to agree.
        set(&acme, DomainRules::new().deny(rule("example.com"))).await;
        refused(world.invite.join(&by_link, person("eve")).await, "domain-not-allowed", "IDN-8", "");
        world.invite.join(&by_link, of("eve", "work.example")).await.unwrap();
        let asking = LinkSettings::new("Clients", Grant::role("client")).by_request();
        acme.edit_link(link, asking.domains(DomainRules::new().allow(rule("work.example")))).await.unwrap();
        refused(world.invite.ask_to_join(&by_link, person("dan")).await, "domain-not-allowed", "IDN-8", "");
        world.invite.ask_to_join(&by_link, of("dan", "work.example")).await.unwrap();
    }

    async fn f15_the_host_says_which_domains_are_everybodys(world) {
        let service = world.store.connect(AccessModel::preset(), tests::keyring());
        let service = service.base_url("https://app.example/join").clock(world.clock.clone()).free_mail(Town);
        let service = service.build().unwrap();
        let plan = Plan::seats("team", 5);
        let host = service.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap().as_system();
        let verified = |text: &str| [(domain(text), VerifiedDomain::joins(Grant::role("member")))];
        refused(host.change_verified_domains(verified("town.example")).await, "free-mail-domain", "F15", "own");
        // The list of the host stands in place of the one that is built in.
        host.change_verified_domains(verified("gmail.com")).await.unwrap();
        service.organization("acme").join_by_domain(of("bob", "gmail.com")).await.unwrap();
    }

    async fn f15_people_of_a_verified_domain_get_what_is_stated_be_it_in_a_group(world) {
        let acme = world.acme().await;
        acme.create_group("red", GroupSettings::named("Red").by_request_with(Access::role("client"))).await.unwrap();
        acme.create_group("blue", GroupSettings::named("Blue")).await.unwrap();
        let (host, organization) = (acme.organization().as_system(), acme.organization());
        let within = |id: &str| Grant::role("member").in_group(group(id));
        let joins = |id: &str| [(domain("work.example"), VerifiedDomain::joins(within(id)))];
        refused(host.change_verified_domains(joins("blue")).await, "group-invite-only", "LNK-6", "");
        refused(host.change_verified_domains(joins("pink")).await, "unknown-group", "STO-2", "");
        host.change_verified_domains(joins("red")).await.unwrap();
        organization.join_by_domain(of("bob", "work.example")).await.unwrap();
        let red = Scope::Group(group("red"));
        assert!(organization.may_in("bob", "posts.publish", &red).await.unwrap());
        assert!(!organization.may("bob", "posts.view").await.unwrap(), "nothing beyond the group");
        let row = organization.member("bob").await.unwrap().unwrap();
        assert_eq!((row.joined_by, row.grants), (JoinedBy::Domain(domain("work.example")), within("red").into()));
        refused(organization.join_by_domain(of("bob", "work.example")).await, "already-member", "IDN-10", "");

        // The group takes nobody without an invitation any more.
        acme.change_group("red", GroupSettings::named("Red")).await.unwrap();
        let eve = || organization.join_by_domain(of("eve", "work.example"));
        refused(eve().await, "group-invite-only", "LNK-6", "");
        world.pass(TimeDelta::minutes(1));
        host.change_verified_domains([]).await.unwrap();
        refused(eve().await, "no-verified-domain", "F15", "");
    }
}
