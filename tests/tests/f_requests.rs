//! Join requests: by a link (B2), to a group (E1), by a verified domain (F15), and proposals (F21).
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::core::{Access, Domain, LinkSettings, TheirInvitations, VerifiedDomain};
use invite::storage::RequestFilter;
use invite::{
    Acting, ApproveOutcome, Approvers, Grant, GroupSettings, InviterPolicy, JoinedBy, Limit, Next,
    PageRequest, Plan, Principal, RequestEnding, RequestId, RequestState, Scope, Settings, Token,
};
use tests::{Listed, World, group, newcomer, on_every_store, person, refused, token, user};

/// A link by which clients ask to join, and its token.
async fn asking(acting: &Acting, role: &str) -> (invite::LinkId, Token) {
    let settings = LinkSettings::new("Clients", Grant::role(role)).by_request();
    let id = acting.create_link(settings).await.unwrap().link;
    (id, token(&acting.show_link(id).await.unwrap().reveal()))
}

/// Somebody asks by a link.
async fn asks(world: &World, token: &Token, who: &str) -> RequestId {
    world.invite.ask_to_join(token, person(who)).await.unwrap().request
}

fn verified(text: &str, set: VerifiedDomain) -> [(Domain, VerifiedDomain); 1] {
    [(Domain::parse(text).unwrap(), set)]
}

/// The users who ask for something that waits for a decision.
async fn waiting(acting: &Acting, filter: RequestFilter) -> Vec<String> {
    let filter = RequestFilter { state: Some(RequestState::Pending), ..filter };
    let page = acting.requests(&filter, &PageRequest::default()).await.unwrap();
    page.items.iter().map(|request| request.by.to_string()).collect()
}

on_every_store! {
    async fn b2_a_link_with_approval_leads_to_requests_that_somebody_with_the_right_decides_about(world) {
        let acme = world.acme().await;
        let (link, token) = asking(&acme, "client").await;
        let preview = world.invite.preview(&token, Some(person("bob"))).await.unwrap();
        assert_eq!(preview.next, Next::Ask);
        refused(world.invite.join(&token, person("bob")).await, "link-by-request", "B2", "ask");
        let ask = world.invite.ask_to_join(&token, person("bob"));
        let bob = ask.with(|ask| ask.name("Bob").message("We met on Monday")).await.unwrap().request;
        let eve = asks(&world, &token, "eve").await;
        refused(world.invite.ask_to_join(&token, person("bob")).await, "already-asked", "CON-3", "wait");

        let page = acme.requests(&RequestFilter::default(), &PageRequest::default()).await.unwrap();
        let told = page.items.iter().map(|row| (row.id, row.message.as_deref())).collect::<Vec<_>>();
        assert_eq!(told.len(), 2);
        assert!(told.contains(&(bob, Some("We met on Monday"))) && told.contains(&(eve, None)));
        assert!(!acme.organization().may("bob", "posts.view").await.unwrap(), "asking gives nothing");

        let member = world.joins("mia", Grant::role("member")).await;
        refused(member.approve(bob).await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        assert!(acme.may("mia", "invite.members.view").await.unwrap());
        for group in [None, Some(group("red"))] {
            let filter = RequestFilter { group, ..Default::default() };
            let seen = member.requests(&filter, &PageRequest::default()).await;
            refused(seen, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        }
        acme.approve(bob).await.unwrap();
        acme.deny(eve).with(|deny| deny.because("we do not know you")).await.unwrap();
        let row = acme.organization().member("bob").await.unwrap().unwrap();
        assert_eq!(row.joined_by, JoinedBy::Link { link, revision: 0 });
        assert!(acme.organization().may("bob", "posts.view").await.unwrap());
        refused(acme.approve(eve).await, "request-denied", "LIF-1", "once more");
        refused(acme.deny(bob).await, "request-approved", "LIF-1", "nothing");
        assert_eq!(waiting(&acme, RequestFilter::default()).await, Vec::<String>::new());

        let own = world.invite.requests_by("eve", &PageRequest::default()).await.unwrap().items;
        let (ending, _) = own[0].request.ended.clone().unwrap();
        let denied = RequestEnding::Denied { by: user("ada").into(), reason: Some("we do not know you".into()) };
        assert_eq!((own.len(), own[0].organization_name.as_str(), ending), (1, "Acme Ltd", denied));
        asks(&world, &token, "eve").await;
    }

    async fn e1_a_group_by_request_is_joined_once_a_manager_of_it_approves(world) {
        let acme = world.acme().await;
        for id in ["red", "blue"] {
            acme.create_group(id, GroupSettings::named(id).by_request_with(Access::role("member"))).await.unwrap();
        }
        let gus = world.joins("gus", Grant::role("admin").in_group(group("red"))).await;
        world.joins("bob", Grant::role("client").in_group(group("blue"))).await;
        world.joins("eve", Grant::role("client").in_group(group("red"))).await;
        let organization = acme.organization();
        refused(organization.join_group("red", person("bob")).await, "group-by-request", "E1", "ask");
        let bob = organization.ask_for_group("red", person("bob")).await.unwrap().request;
        let eve = organization.ask_for_group("blue", person("eve")).await.unwrap().request;
        refused(organization.ask_for_group("red", person("sid")).await, "unknown-member", "STO-2", "");

        // A manager sees and decides what is asked of the own group, and nothing else.
        let red = RequestFilter { group: Some(group("red")), ..Default::default() };
        assert_eq!(waiting(&gus, red).await, ["bob"]);
        let all = gus.requests(&RequestFilter::default(), &PageRequest::default()).await;
        assert_eq!(all.unwrap_err().code(), "not-permitted");
        refused(gus.approve(eve).await, "not-permitted", "AUT-1", "");
        let sid = asks(&world, &asking(&acme, "client").await.1, "sid").await;
        let into_red = Grant::role("client").in_group(group("red"));
        let less = gus.approve(sid).with(|approve| approve.granting(into_red)).await;
        refused(less, "not-permitted", "AUT-1", "");
        refused(gus.deny(sid).await, "not-permitted", "AUT-1", "");
        gus.approve(bob).await.unwrap();
        assert!(organization.may_in("bob", "posts.create", &Scope::Group(group("red"))).await.unwrap());
        assert!(!organization.may_in("bob", "posts.create", &Scope::Group(group("blue"))).await.unwrap());
        assert_eq!(acme.seats_of("team").await.0, 2, "gus and bob, each once (C4)");
    }

    async fn f15_people_of_a_verified_domain_join_by_themselves_or_by_request_as_is_set(world) {
        let acme = world.acme().await;
        let organization = acme.organization();
        let member = || VerifiedDomain::joins(Grant::role("member"));
        let change = acme.change_verified_domains(verified("work.example", member())).await;
        refused(change, "not-verified", "F15", "host");
        let host = organization.as_system();
        let change = host.change_verified_domains(verified("gmail.com", member())).await;
        refused(change, "free-mail-domain", "F15", "own");
        host.change_verified_domains(verified("work.example", member())).await.unwrap();

        let of = |who: &str, domain: &str| Principal::user(who).vouched(format!("{who}@{domain}"));
        let joined = organization.join_by_domain(of("bob", "work.example")).await.unwrap();
        assert_eq!((joined.user, joined.domain.as_str()), (user("bob"), "work.example"));
        assert!(organization.may("bob", "posts.create").await.unwrap());
        for other in ["mail.work.example", "not-work.example", "work.example.evil.example"] {
            let eve = organization.join_by_domain(of("eve", other)).await;
            refused(eve, "no-verified-domain", "F15", "invitation");
        }
        refused(organization.join_by_domain(newcomer("eve")).await, "address-needed", "IDN-8", "verify");

        acme.change_verified_domains(verified("work.example", VerifiedDomain::asks(Grant::role("client")))).await.unwrap();
        let eve = organization.join_by_domain(of("eve", "work.example")).await;
        refused(eve, "domain-by-request", "F15", "ask");
        let eve = organization.ask_by_domain(of("eve", "work.example")).await.unwrap().request;
        acme.approve(eve).await.unwrap();
        let row = organization.member("eve").await.unwrap().unwrap();
        assert_eq!((row.joined_by, row.grants), (JoinedBy::Request(eve), Grant::role("client").into()));

        let rules = invite::DomainRules::new().deny(invite::DomainRule::parse("work.example").unwrap());
        acme.change_settings(Settings::named("Acme Ltd").domains(rules)).await.unwrap();
        let fay = organization.ask_by_domain(of("fay", "work.example")).await;
        refused(fay, "domain-not-allowed", "IDN-8", "");
    }

    async fn abu_1_whoever_is_denied_does_not_ask_again_without_end(world) {
        let acme = world.acme().await;
        let (_, token) = asking(&acme, "client").await;
        for _ in 0..10 {
            acme.deny(asks(&world, &token, "bob").await).await.unwrap();
        }
        refused(world.invite.ask_to_join(&token, person("bob")).await, "asked-too-often", "ABU-1", "try again at");
        asks(&world, &token, "eve").await;
        world.pass(TimeDelta::minutes(144));
        asks(&world, &token, "bob").await;
    }

    async fn f15_rules_on_domains_are_not_evaded_where_there_is_no_address_idn_8_lnk_6(world) {
        let acme = world.acme().await;
        let (link, token) = asking(&acme, "client").await;
        let ask = async |who: &str| world.invite.ask_to_join(&token, Principal::user(who)).await.unwrap().request;
        let (eve, fay) = (ask("eve").await, asks(&world, &token, "fay").await);
        let bob = acme.invite(user("bob"), Grant::role("client")).await.unwrap().invitations().next().unwrap();
        let only = |domain| invite::DomainRules::new().allow(invite::DomainRule::parse(domain).unwrap());
        acme.edit_link(link, LinkSettings::new("Clients", Grant::role("client")).by_request().domains(only("work.example"))).await.unwrap();
        refused(acme.approve(fay).await, "domain-not-allowed", "IDN-8", "");
        acme.change_settings(Settings::named("Acme Ltd").domains(only("example.com"))).await.unwrap();
        refused(acme.approve(eve).await, "address-needed", "IDN-8", "verify");
        let organization = acme.organization();
        refused(organization.accept(bob, Principal::user("bob")).await, "address-needed", "IDN-8", "verify");
        let elsewhere = Principal::user("bob").vouched("bob@work.example");
        refused(organization.accept(bob, elsewhere).await, "domain-not-allowed", "IDN-8", "");
        organization.accept(bob, person("bob")).await.unwrap();
        let list = || [invite::NewMember::new(user("cid"), Grant::role("client"))];
        let added = acme.add_members(list()).await;
        refused(added, "address-needed", "IDN-8", "verify");
        organization.as_system().add_members(list()).await.unwrap();
    }

    async fn f21_a_member_who_may_not_invite_proposes_and_somebody_with_the_right_approves(world) {
        let acme = world.acme().await;
        let mia = world.joins("mia", Grant::role("member")).await;
        refused(mia.invite("bob@example.com", Grant::role("member")).await, "not-permitted", "AUT-1", "admin");
        let bob: invite::EmailAddress = "bob@example.com".parse().unwrap();
        let propose = mia.propose(bob, Grant::role("member"));
        let id = propose.with(|propose| propose.name("Bob").message("he paints")).await.unwrap().request;
        world.deliver().await;
        assert_eq!(world.mails_to("bob@example.com"), 0, "nothing is mailed for a proposal");
        assert_eq!(acme.seats_of("team").await, (1, 0), "nor a seat reserved");
        refused(mia.approve(id).await, "not-permitted", "AUT-1", "admin");
        let approved = acme.approve(id).await.unwrap();
        let ApproveOutcome::Invited { invitation } = approved.results[0].outcome else { panic!("{approved:?}") };
        let row = acme.organization().invitation(invitation).await.unwrap().unwrap();
        assert_eq!((row.inviter, row.name.as_deref()), (user("ada").into(), Some("Bob")));
        world.deliver().await;
        world.invite.accept(&world.token_to("bob@example.com"), newcomer("bob")).await.unwrap();
        assert_eq!(acme.seats_of("team").await, (2, 0));
    }

    async fn aut_9_nobody_decides_about_their_own_request_and_the_proposer_where_the_model_lets_them(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let own = amy.propose(user("bob"), Grant::role("client")).await.unwrap().request;
        refused(amy.approve(own).await, "own-request", "AUT-9", "somebody else");
        refused(amy.deny(own).await, "own-request", "AUT-9", "withdraw");
        let lenient = invite::AccessModel::preset_builder().approvers(Approvers::AllButRequester).build().unwrap();
        let lenient = world.remodelled(lenient).acme_by("amy");
        lenient.approve(own).await.unwrap();
        let to_herself = amy.propose(user("amy"), Grant::role("client").in_group(group("red"))).await;
        refused(to_herself, "unknown-group", "STO-2", "");
        acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
        let to_herself = amy.propose(user("amy"), Grant::role("client").in_group(group("red"))).await.unwrap();
        refused(lenient.approve(to_herself.request).await, "own-request", "AUT-9", "");
        refused(acme.withdraw(to_herself.request).await, "unknown-request", "STO-2", "");
        amy.withdraw(to_herself.request).await.unwrap();
        refused(acme.approve(to_herself.request).await, "request-withdrawn", "LIF-1", "");
    }

    async fn seats_and_authority_are_those_of_the_moment_of_approval_sea_1_aut_2(world) {
        let acme = world.acme_on(Plan::seats("team", 1).and_seats("client", Limit::Unlimited)).await;
        let (_, token) = asking(&acme, "member").await;
        let ids = [asks(&world, &token, "bob").await, asks(&world, &token, "eve").await];
        let approved = acme.approve_many(ids).await.unwrap();
        assert_eq!(approved.len(), 1);
        let ApproveOutcome::Refused { reason } = &approved.results[1].outcome else { panic!("{approved:?}") };
        assert_eq!(invite::Refusal::code(reason), "no-seat-left");
        let left = acme.organization().request(ids[1]).await.unwrap().unwrap();
        assert_eq!(left.state_at(world.clock_now()), RequestState::Pending);
        acme.approve(ids[1]).with(|approve| approve.granting(Grant::role("client"))).await.unwrap();
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((1, 0), (1, 0)));
    }

    async fn aut_4_what_the_creator_of_a_link_may_grant_no_more_is_asked_for_in_vain_where_policy_says_so(world) {
        for (policy, passes) in [(InviterPolicy::Keep, true), (InviterPolicy::Strict, false)] {
            let model = invite::AccessModel::preset_builder().request_policy(policy).build().unwrap();
            let world = World::with_model(world.store.another().await, model);
            let acme = world.acme().await;
            let amy = world.joins("amy", Grant::role("admin")).await;
            let (_, token) = asking(&amy, "client").await;
            let bob = asks(&world, &token, "bob").await;
            acme.remove("amy").with(|remove| remove.their_invitations(TheirInvitations::Keep)).await.unwrap();
            let came = acme.approve(bob).await;
            if passes { drop(came.unwrap()) } else { refused(came, "inviter-no-longer-may", "AUT-4", "") }
        }
    }

    async fn a_request_expires_at_its_time_and_maintenance_writes_it_down_lif_5(world) {
        let acme = world.acme().await;
        let (_, token) = asking(&acme, "client").await;
        let bob = asks(&world, &token, "bob").await;
        world.pass(TimeDelta::days(14) - TimeDelta::microseconds(1));
        assert_eq!(waiting(&acme, RequestFilter::default()).await, ["bob"]);
        world.pass(TimeDelta::microseconds(1));
        assert_eq!(waiting(&acme, RequestFilter::default()).await, Vec::<String>::new());
        refused(acme.approve(bob).await, "request-expired", "LIF-1", "once more");
        assert_eq!(acme.organization().maintain(10).await.unwrap().requests, 1);
        let row = acme.organization().request(bob).await.unwrap().unwrap();
        assert_eq!(row.ended.unwrap().0, RequestEnding::Expired);
        asks(&world, &token, "bob").await;
    }

    async fn a_request_is_settled_when_somebody_joins_by_another_way_lif_7d(world) {
        let acme = world.acme().await;
        let (_, token) = asking(&acme, "client").await;
        let bob = asks(&world, &token, "bob").await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        let row = acme.organization().request(bob).await.unwrap().unwrap();
        assert_eq!(row.state_at(world.clock_now()), RequestState::Settled);
        refused(acme.approve(bob).await, "request-settled", "LIF-1", "nothing");
        refused(world.invite.ask_to_join(&token, person("bob")).await, "already-member", "IDN-10", "");
    }

    async fn nobody_asks_and_nothing_is_approved_in_an_organization_that_does_not_work_lif_8(world) {
        let acme = world.acme().await;
        let (_, token) = asking(&acme, "client").await;
        let bob = asks(&world, &token, "bob").await;
        acme.suspend().await.unwrap();
        refused(acme.approve(bob).await, "organization-suspended", "LIF-8", "");
        refused(world.invite.ask_to_join(&token, person("eve")).await, "organization-suspended", "LIF-8", "");
        acme.close().await.unwrap();
        while acme.organization().maintain(1).await.unwrap().more {}
        let row = acme.organization().request(bob).await.unwrap().unwrap();
        assert_eq!(row.state_at(world.clock_now()), RequestState::Settled);
    }
}
