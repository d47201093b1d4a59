//! F6. Every refusal is typed, says which rule and what would fix it, and is stable enough to switch on.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Debug;

use chrono::TimeDelta;
use invite::core::{
    Access, Caps, Domain, Erase, Leave, LinkId, LinkSettings, RequestId, SuppressionKind, VerifiedDomain,
};
use invite::{
    AccessModel, Acting, Block, DomainRule, DomainRules, Error, Expiry, FormerOwner, Grant, Grants,
    GroupSettings, Include, InviteeEntry, Limit, Mode, NewMember, PageRequest, Plan, Principal, Rate,
    RemoveMembers, Restriction, Scope, Settings, TheirInvitations, Token,
};
use tests::{World, address, codes, group, newcomer, on_every_store, person, token, user};

/// Every code that a refusal can have, and the rule behind it. Hosts switch on these: none is ever changed.
const CODES: [(&str, &str); 96] = [
    ("address-needed", "IDN-8"),
    ("address-not-verified", "IDN-1"),
    ("address-of-another-member", "IDN-12"),
    ("already-accepted", "LIF-1"),
    ("already-asked", "CON-3"),
    ("already-invited", "CON-3"),
    ("already-member", "IDN-10"),
    ("already-owner", "F16"),
    ("ambiguous-name", "PAR-2"),
    ("asked-too-often", "ABU-1"),
    ("blocked", "F11"),
    ("continue-url-not-allowed", "WEB-3"),
    ("declined", "LIF-1"),
    ("domain-by-request", "F15"),
    ("domain-not-allowed", "IDN-8"),
    ("expired", "LIF-1"),
    ("forbidden-character", "MAI-2"),
    ("free-mail-domain", "F15"),
    ("grants-missing", "AUT-6"),
    ("group-archived", "LIF-8"),
    ("group-by-request", "E1"),
    ("group-closed", "LIF-8"),
    ("group-exists", "CON-3"),
    ("group-invite-only", "LNK-6"),
    ("inclusion-off", "C3"),
    ("invalid-address", "IDN-7"),
    ("invalid-end", "F14"),
    ("invalid-expiry", "LIF-4"),
    ("invalid-link", "B2"),
    ("invalid-settings", "WEB-3"),
    ("invalid-start", "F14"),
    ("invitation-erased", "PRI-6"),
    ("inviter-no-longer-may", "AUT-4"),
    ("last-grant", "C5"),
    ("last-owner", "AUT-8"),
    ("left-before", "C3"),
    ("link-by-request", "B2"),
    ("link-ended", "LNK-4"),
    ("link-not-yet", "LNK-4"),
    ("link-off", "LNK-4"),
    ("link-over", "LNK-4"),
    ("link-used-up", "LNK-4"),
    ("member-active", "AUT-7"),
    ("member-suspended", "AUT-7"),
    ("members-only", "F21"),
    ("never-grantable", "B7"),
    ("no-approval-needed", "E1"),
    ("no-longer-available", "LIF-10"),
    ("no-mail", "F18"),
    ("no-seat-left", "SEA-1"),
    ("no-seat-left", "SEA-4"),
    ("no-verified-domain", "F15"),
    ("not-archived", "LIF-1"),
    ("not-blocked", "F11"),
    ("not-entitled", "D2"),
    ("not-grantable", "AUT-2"),
    ("not-permitted", "AUT-1"),
    ("not-permitted", "F16"),
    ("not-suspended", "F22"),
    ("not-verified", "F15"),
    ("not-yet", "F14"),
    ("nothing-asked", "PAR-2"),
    ("organization-closed", "LIF-8"),
    ("organization-exists", "F22"),
    ("organization-suspended", "LIF-8"),
    ("own-request", "AUT-9"),
    ("owner-protected", "C6"),
    ("partly-refused", "SEA-6"),
    ("request-approved", "LIF-1"),
    ("request-denied", "LIF-1"),
    ("request-expired", "LIF-1"),
    ("request-settled", "LIF-1"),
    ("request-withdrawn", "LIF-1"),
    ("revoked", "LIF-1"),
    ("superseded", "LIF-2"),
    ("too-large", "ABU-3"),
    ("too-many-closing", "LIF-8"),
    ("too-many-invitations", "ABU-1"),
    ("too-many-links", "ABU-3"),
    ("too-many-open", "ABU-3"),
    ("too-many-pending", "ABU-1"),
    ("too-many-questions", "PRI-2"),
    ("too-many-requests", "ABU-3"),
    ("too-many-sent", "AUT-5"),
    ("unknown-group", "STO-2"),
    ("unknown-invitation", "STO-2"),
    ("unknown-link", "STO-2"),
    ("unknown-member", "STO-2"),
    ("unknown-name", "PAR-2"),
    ("unknown-permission", "AUT-3"),
    ("unknown-request", "STO-2"),
    ("unknown-resource-kind", "AUT-3"),
    ("unknown-role", "AUT-3"),
    ("unknown-seat-class", "SEA-4"),
    ("unknown-token", "TOK-5"),
    ("wrong-account", "IDN-9"),
];

/// What a code can be made of and is never told: there is no refusal of something because it is as it should be.
const NEVER: [&str; 3] = ["link-open", "not-pending", "request-pending"];

/// What was refused so far.
#[derive(Default)]
struct Told(BTreeSet<(&'static str, &'static str)>);

impl Told {
    /// Takes down a refusal that is to have this code.
    #[track_caller]
    fn no<T: Debug>(&mut self, code: &str, result: Result<T, impl Into<Error>>) {
        let error: Error = match result {
            Ok(outcome) => panic!("{code}: {outcome:?}"),
            Err(error) => error.into(),
        };
        assert_eq!(error.code(), code, "{error}");
        let (says, remedy) = (error.to_string(), error.remedy());
        assert!(!remedy.is_empty() && !remedy.ends_with('.'), "{code}: {remedy}");
        assert!(!says.is_empty() && !says.ends_with('.'), "{code}: {says}");
        assert!(!says.contains("bob@") && !remedy.contains("bob@"), "{code}: {says} {remedy}");
        self.0.insert((error.code(), error.rule().unwrap()));
    }
}

/// An organization of ada's with room for two.
async fn organization(world: &World, id: &str, plan: Plan) -> Acting {
    world.invite.create_organization(id, id, "ada", plan).await.unwrap().by("ada")
}

fn two() -> Plan {
    Plan::seats("team", 2)
}

fn member() -> Grant {
    Grant::role("member")
}

/// Invites bob, and gives the token of his mail.
async fn invite_bob(world: &World, by: &Acting) -> Token {
    world.pass(TimeDelta::seconds(1));
    by.invite("bob@example.com", member()).await.unwrap();
    world.deliver().await;
    world.token_to("bob@example.com")
}

on_every_store! {
    async fn f6_every_refusal_has_a_stable_code_a_rule_and_a_remedy(world) {
        let mut told = Told::default();
        what_cannot_be_granted(&world, &mut told).await;
        who_cannot_be_invited(&world, &mut told).await;
        how_much_is_too_much(&world, &mut told).await;
        what_cannot_be_answered(&world, &mut told).await;
        what_members_cannot_do(&world, &mut told).await;
        what_organizations_cannot_do(&world, &mut told).await;
        what_is_not_now(&world, &mut told).await;
        what_groups_refuse(&world, &mut told).await;
        what_links_refuse(&world, &mut told).await;
        what_cannot_be_asked(&world, &mut told).await;
        what_cannot_be_decided(&world, &mut told).await;
        what_domains_refuse(&world, &mut told).await;
        assert_eq!(told.0, CODES.into_iter().collect());
    }
}

async fn what_cannot_be_granted(world: &World, told: &mut Told) {
    let plan = two().entitled("product", Restriction::only(["texting"]));
    let acme = organization(world, "granted", plan).await;
    let stranger = acme.organization().by("mallory");
    told.no("not-permitted", stranger.invite("bob@example.com", member()).await);
    let inviter = member().adding("invite.members.invite").adding("invite.members.add");
    acme.add_members([NewMember::new(user("amy"), inviter)]).await.unwrap();
    told.no("not-grantable", acme.organization().by("amy").invite("bob@example.com", member()).await);
    for (code, grants) in [
        ("grants-missing", Grants::default()),
        ("unknown-role", Grant::role("boss").into()),
        ("unknown-permission", member().adding("posts.burn").into()),
        ("unknown-resource-kind", member().restricted("planet", Restriction::only(["mars"])).into()),
        ("never-grantable", Grant::role("client").adding("accounts.delete").into()),
        ("not-entitled", member().restricted("product", Restriction::only(["phone"])).into()),
        ("no-seat-left", Grant::role("client").into()),
    ] {
        told.no(code, acme.invite("bob@example.com", grants).await);
    }
    acme.invite("eve@example.com", member()).await.unwrap();
    told.no("no-seat-left", acme.invite("bob@example.com", member()).await);
}

async fn who_cannot_be_invited(world: &World, told: &mut Told) {
    let acme = organization(world, "invited", two()).await;
    told.no("invalid-address", acme.invite("bob", member()).await);
    told.no("nothing-asked", acme.invite(" ,; ", member()).await);
    let past = Expiry::At(world.clock_now());
    told.no("invalid-expiry", acme.invite("bob@example.com", member()).with(|it| it.expires_at(past)).await);
    let list = acme.invite("bob@example.com, nobody", member()).with(|it| it.mode(Mode::AllOrNothing));
    told.no("partly-refused", list.await);

    let token = invite_bob(world, &acme).await;
    told.no("already-invited", acme.invite("bob@example.com", member()).await);
    world.invite.accept(&token, person("bob")).await.unwrap();
    told.no("already-member", acme.invite("bob@example.com", member()).await);
    let namesake = NewMember::new(user("bob2"), member()).email(address("bob@example.com"));
    told.no("address-of-another-member", acme.add_members([namesake]).await);

    acme.invite("eve@example.com", member()).await.unwrap();
    let inbox = world.invite.inbox(person("eve"), &PageRequest::default()).await.unwrap();
    let eve =
        inbox.items.iter().find(|entry| entry.organization.as_str() == "invited").unwrap().invitation.id;
    let decline = acme.organization().decline(eve, person("eve"));
    decline.with(|decline| decline.block(Block::Organization)).await.unwrap();
    told.no("blocked", acme.invite("eve@example.com", member()).await);
    let unblock = async || acme.organization().unblock(person("eve"), SuppressionKind::Invitations).await;
    unblock().await.unwrap();
    told.no("not-blocked", unblock().await);

    told.no("inclusion-off", acme.invite(user("gus"), member()).with(|it| it.include(Include::Yes)).await);
    for (name, id) in [("Sam", "sam1"), ("Sam", "sam2")] {
        world.directory.add(user(id), name, None);
    }
    for (name, code) in [("Sam", "ambiguous-name"), ("Tom", "unknown-name")] {
        told.no(code, acme.invite(acme.invitees(name).await.unwrap(), member()).await);
    }
    world.invite.organization("invited").by("bob").leave().await.unwrap();
    told.no("left-before", acme.add_members([NewMember::new(user("bob"), member())]).await);

    let rules = DomainRules::new().allow(DomainRule::parse("acme.example").unwrap());
    acme.change_settings(Settings::named("Acme").domains(rules)).await.unwrap();
    told.no("domain-not-allowed", acme.invite("dan@example.com", member()).await);
}

async fn how_much_is_too_much(world: &World, told: &mut Told) {
    let day = Rate::per(3, TimeDelta::days(1)).unwrap();
    let acme = organization(world, "pending", two().pending(Limit::AtMost(1))).await;
    acme.invite("eve@example.com", member()).await.unwrap();
    told.no("too-many-pending", acme.invite("bob@example.com", member()).await);
    let acme = organization(world, "rated", two().inviter_rate(day)).await;
    acme.invite("eve@example.com", member()).await.unwrap();
    let eve = acme.invitations(&Default::default(), &PageRequest::default()).await.unwrap().items.remove(0);
    acme.remind(eve.invitation.id).await.unwrap();
    acme.remind(eve.invitation.id).await.unwrap();
    told.no("too-many-invitations", acme.remind(eve.invitation.id).await);
    let long = "x".repeat(2_001);
    told.no("too-large", acme.invite("bob@example.com", member()).with(|it| it.message(long)).await);

    let acme = organization(world, "sent", Plan::seats("team", 2_000)).await;
    acme.add_members([NewMember::new(user("amy"), Grant::role("admin"))]).await.unwrap();
    let amy = acme.organization().by("amy");
    for part in ["a", "b"] {
        let list = (0..501).map(|n| format!("{part}{n}@example.com\n")).collect::<String>();
        amy.invite(list, member()).await.unwrap();
    }
    let removing = RemoveMembers::one(user("amy")).their_invitations(TheirInvitations::Revoke);
    told.no("too-many-sent", acme.run(removing).await);
    let leaving = Leave::new(user("amy")).their_invitations(TheirInvitations::Revoke);
    told.no("too-many-sent", amy.run(leaving).await);
}

async fn what_cannot_be_answered(world: &World, told: &mut Told) {
    let acme = organization(world, "answered", two()).await;
    let accept = async |token: &Token, who: Principal| world.invite.accept(token, who).await;
    let bobs = invite_bob(world, &acme).await;
    let entries = async || {
        let entries = acme.invitations(&Default::default(), &PageRequest::default()).await.unwrap();
        entries.items.into_iter().map(|entry| entry.invitation.id).collect::<Vec<_>>()
    };
    let bob = entries().await.remove(0);
    told.no("wrong-account", accept(&bobs, person("eve")).await);
    let copied = token(&acme.copy_link(bob).await.unwrap().reveal());
    told.no("address-not-verified", accept(&copied, newcomer("bob")).await);
    let globex = organization(world, "globex", two()).await;
    told.no("unknown-invitation", globex.revoke(bob).await);

    acme.resend(bob).await.unwrap();
    told.no("superseded", accept(&bobs, person("bob")).await);
    for _ in 0..3 {
        acme.resend(bob).await.unwrap();
    }
    told.no("unknown-token", accept(&bobs, person("bob")).await);
    world.deliver().await;
    let bobs = world.token_to("bob@example.com");
    acme.revoke(bob).await.unwrap();
    told.no("revoked", accept(&bobs, person("bob")).await);

    let bobs = invite_bob(world, &acme).await;
    world.invite.decline(&bobs, person("bob")).await.unwrap();
    told.no("declined", accept(&bobs, person("bob")).await);
    let bobs = invite_bob(world, &acme).await;
    world.pass(TimeDelta::days(7));
    told.no("expired", accept(&bobs, person("bob")).await);

    acme.add_members([NewMember::new(user("amy"), Grant::role("admin"))]).await.unwrap();
    let bobs = invite_bob(world, &acme.organization().by("amy")).await;
    acme.remove("amy").await.unwrap();
    told.no("inviter-no-longer-may", accept(&bobs, person("bob")).await);
    acme.revoke(entries().await.remove(0)).await.unwrap();

    world.pass(TimeDelta::seconds(1));
    let phone = member().restricted("product", Restriction::only(["phone"]));
    acme.invite("bob@example.com", phone).await.unwrap();
    world.deliver().await;
    let bobs = world.token_to("bob@example.com");
    let plan = two().entitled("product", Restriction::only(["texting"]));
    acme.organization().as_system().change_plan(plan).await.unwrap();
    told.no("no-longer-available", accept(&bobs, person("bob")).await);
    acme.revoke(entries().await.remove(0)).await.unwrap();
    let bobs = invite_bob(world, &acme).await;
    accept(&bobs, person("bob")).await.unwrap();
    told.no("already-accepted", accept(&bobs, person("bob")).await);

    world.pass(TimeDelta::seconds(1));
    acme.invite(user("eve"), member()).await.unwrap();
    let eve = entries().await.remove(0);
    told.no("no-mail", acme.remind(eve).await);
    told.no("unknown-invitation", acme.organization().accept(eve, person("dan")).await);
}

async fn what_members_cannot_do(world: &World, told: &mut Told) {
    let acme = organization(world, "members", two()).await;
    acme.add_members([NewMember::new(user("amy"), Grant::role("admin"))]).await.unwrap();
    let amy = acme.organization().by("amy");
    told.no("unknown-member", acme.remove("bob").await);
    told.no("owner-protected", amy.remove("ada").await);
    told.no("last-owner", acme.leave().await);
    told.no("last-grant", acme.change_access_in("amy", Scope::Organization, None).await);
    told.no("already-owner", acme.offer_ownership("ada", FormerOwner::Stays).await);
    told.no("not-permitted", amy.offer_ownership("amy", FormerOwner::Stays).await);
    told.no("not-permitted", acme.change_plan(two()).await);
    told.no("not-permitted", amy.close().await);
}

async fn what_organizations_cannot_do(world: &World, told: &mut Told) {
    let acme = organization(world, "organizations", two()).await;
    let again = world.invite.create_organization("organizations", "Again", "eve", two()).await;
    told.no("organization-exists", again);
    told.no("invalid-settings", acme.change_settings(Settings::named(" ")).await);
    let unknown = acme.organization().as_system().change_plan(Plan::seats("elephant", 1)).await;
    told.no("unknown-seat-class", unknown);
    told.no("not-suspended", acme.resume().await);
    acme.suspend().await.unwrap();
    told.no("organization-suspended", acme.invite("bob@example.com", member()).await);
    acme.close().await.unwrap();
    told.no("organization-closed", acme.invite("bob@example.com", member()).await);
}

/// F14, AUT-7, PRI-6: what is over, or is still to come.
async fn what_is_not_now(world: &World, told: &mut Told) {
    let acme = organization(world, "times", two()).await;
    let (now, hour) = (world.clock_now(), TimeDelta::hours(1));
    told.no("invalid-start", acme.invite("bob@example.com", member()).with(|it| it.starts_at(now)).await);
    told.no("invalid-end", acme.invite("bob@example.com", member().until(now)).await);
    let later = acme.invite("bob@example.com", member()).with(|it| it.starts_at(now + hour));
    let bob = later.await.unwrap().invitations().next().unwrap();
    told.no("not-yet", acme.organization().accept(bob, person("bob")).await);
    world.pass(TimeDelta::days(8));
    acme.organization().erase(Erase::new(address("bob@example.com"))).await.unwrap();
    told.no("invitation-erased", acme.resend(bob).await);
    told.no("not-permitted", acme.run(Erase::new(user("bob"))).await);

    acme.add_members([NewMember::new(user("amy"), Grant::role("admin"))]).await.unwrap();
    told.no("member-active", acme.restore_member("amy").await);
    acme.suspend_member("amy").await.unwrap();
    told.no("member-suspended", acme.offer_ownership("amy", FormerOwner::Stays).await);
    acme.restore_member("amy").await.unwrap();
    acme.offer_ownership("amy", FormerOwner::Stays).await.unwrap();
    let offer = world.invite.inbox(newcomer("amy"), &PageRequest::default()).await.unwrap().items.remove(0);
    acme.organization().accept(offer.invitation.id, newcomer("amy")).await.unwrap();
    acme.add_members([NewMember::new(user("bea"), Grant::role("admin"))]).await.unwrap();
    told.no("owner-protected", acme.organization().by("bea").suspend_member("amy").await);
    let bell = "ring \u{7}";
    told.no(
        "forbidden-character",
        acme.invite("gus@example.com", member()).with(|it| it.message(bell)).await,
    );
    let elsewhere = "https://evil.example/";
    let leading = acme.invite("gus@example.com", member()).with(|it| it.continue_to(elsewhere));
    told.no("continue-url-not-allowed", leading.await);
    let slow = world.rated(Rate::per(1, hour).unwrap());
    let acme = slow.invite.organization("times").by("ada");
    acme.invitees("ann").await.unwrap();
    told.no("too-many-questions", acme.invitees("ann").await);
}

async fn what_groups_refuse(world: &World, told: &mut Told) {
    let acme = organization(world, "groups", Plan::seats("team", 300)).await;
    let client = || Access::role("member");
    let made = async |id: &str, settings: GroupSettings| acme.create_group(id, settings).await;
    made("red", GroupSettings::named("Red")).await.unwrap();
    made("blue", GroupSettings::named("Blue").by_request_with(client())).await.unwrap();
    made("green", GroupSettings::named("Green").open_with(client())).await.unwrap();
    acme.add_members([NewMember::new(user("amy"), member())]).await.unwrap();
    let join = async |id: &str| acme.organization().join_group(id, newcomer("amy")).await;
    told.no("group-exists", made("red", GroupSettings::named("Red")).await);
    told.no("unknown-group", acme.archive_group("pink").await);
    told.no("not-archived", acme.restore_group("red").await);
    told.no("group-invite-only", join("red").await);
    told.no("group-by-request", join("blue").await);
    told.no("no-approval-needed", acme.organization().ask_for_group("green", newcomer("amy")).await);
    acme.archive_group("green").await.unwrap();
    told.no("group-archived", join("green").await);
    acme.close_group("green").await.unwrap();
    told.no("group-closed", join("green").await);
    for n in 0..31 {
        made(&format!("closed-{n}"), GroupSettings::named("Closed")).await.unwrap();
        acme.close_group(format!("closed-{n}").as_str()).await.unwrap();
    }
    told.no("too-many-closing", acme.close_group("red").await);

    let mut open = Vec::new();
    for n in 0..256 {
        let id = format!("open-{n}");
        made(&id, GroupSettings::named("Open")).await.unwrap();
        open.push(InviteeEntry::typed("bob@example.com").grants(member().in_group(group(&id))));
    }
    assert_eq!(acme.invite(open, member()).await.unwrap().refused().count(), 0);
    told.no("too-many-open", acme.invite("bob@example.com", member().in_group(group("red"))).await);
}

async fn what_links_refuse(world: &World, told: &mut Told) {
    let acme = organization(world, "links", two()).await;
    let (now, hour) = (world.clock_now(), TimeDelta::hours(1));
    let settings = || LinkSettings::new("Team", member());
    let made = async |settings: LinkSettings| {
        let id = acme.create_link(settings).await.unwrap().link;
        (id, token(&acme.show_link(id).await.unwrap().reveal()))
    };
    let join = async |token: &Token| world.invite.join(token, person("bob")).await;
    told.no("invalid-link", acme.create_link(settings().max_uses(0)).await);
    told.no("unknown-link", acme.switch_link_off(LinkId::from_parts(now, [0; 10])).await);
    told.no("link-not-yet", join(&made(settings().opens_at(now + hour)).await.1).await);
    let (_, closing) = made(settings().closes_at(now + hour)).await;
    let (once, used) = made(settings().max_uses(1)).await;
    let (asking, by_request) = made(settings().by_request()).await;
    told.no("link-by-request", join(&by_request).await);
    acme.switch_link_off(asking).await.unwrap();
    told.no("link-off", join(&by_request).await);
    acme.remove_link(asking).await.unwrap();
    told.no("link-ended", join(&by_request).await);
    world.invite.join(&used, person("eve")).await.unwrap();
    told.no("link-used-up", join(&used).await);
    acme.refresh_link(once).await.unwrap();
    told.no("superseded", join(&used).await);
    world.pass(hour);
    told.no("link-over", join(&closing).await);
    let rules = DomainRules::new().allow(DomainRule::parse("acme.example").unwrap());
    let (_, token) = made(settings().domains(rules)).await;
    told.no("address-needed", world.invite.join(&token, newcomer("bob")).await);
    // One was removed, and there are four.
    for _ in 4..256 {
        acme.create_link(settings()).await.unwrap();
    }
    told.no("too-many-links", acme.create_link(settings()).await);
}

async fn what_cannot_be_asked(world: &World, told: &mut Told) {
    let rate = Rate::per(2, TimeDelta::days(1)).unwrap();
    let acme = organization(world, "asked", two().inviter_rate(rate)).await;
    acme.add_members([NewMember::new(user("mia"), member())]).await.unwrap();
    let mia = acme.organization().by("mia");
    let propose = async |acting: &Acting, who: &str| acting.propose(user(who), member()).await;
    told.no("members-only", propose(&acme.organization().as_system(), "bob").await);
    propose(&mia, "bob").await.unwrap();
    told.no("already-asked", propose(&mia, "bob").await);
    propose(&mia, "eve").await.unwrap();
    told.no("asked-too-often", propose(&mia, "dan").await);

    let mut caps = Caps::default();
    caps.requests = 1;
    let few = world.remodelled(AccessModel::preset_builder().caps(caps).build().unwrap());
    let acme = organization(&few, "few", two()).await;
    acme.propose(user("bob"), member()).await.unwrap();
    told.no("too-many-requests", acme.propose(user("eve"), member()).await);
}

async fn what_cannot_be_decided(world: &World, told: &mut Told) {
    let acme = organization(world, "decided", two()).await;
    acme.add_members([NewMember::new(user("amy"), Grant::role("admin"))]).await.unwrap();
    let amy = acme.organization().by("amy");
    let propose = async || amy.propose(user("bob"), member()).await.unwrap().request;
    told.no("unknown-request", acme.approve(RequestId::from_parts(world.clock_now(), [0; 10])).await);
    let id = propose().await;
    told.no("own-request", amy.approve(id).await);
    amy.withdraw(id).await.unwrap();
    told.no("request-withdrawn", acme.approve(id).await);
    let id = propose().await;
    acme.deny(id).await.unwrap();
    told.no("request-denied", acme.approve(id).await);
    let id = propose().await;
    world.pass(TimeDelta::days(14));
    told.no("request-expired", acme.approve(id).await);
    let id = propose().await;
    acme.add_members([NewMember::new(user("bob"), member())]).await.unwrap();
    told.no("request-settled", acme.approve(id).await);
    acme.remove("bob").await.unwrap();
    let link = acme.create_link(LinkSettings::new("Team", member()).by_request()).await.unwrap().link;
    let by_request = token(&acme.show_link(link).await.unwrap().reveal());
    let id = world.invite.ask_to_join(&by_request, person("bob")).await.unwrap().request;
    acme.approve(id).await.unwrap();
    told.no("request-approved", acme.approve(id).await);
}

async fn what_domains_refuse(world: &World, told: &mut Told) {
    let acme = organization(world, "domains", two()).await;
    let (host, organization) = (acme.organization().as_system(), acme.organization());
    let asks = |text: &str| [(Domain::parse(text).unwrap(), VerifiedDomain::asks(member()))];
    told.no("not-verified", acme.change_verified_domains(asks("work.example")).await);
    told.no("free-mail-domain", host.change_verified_domains(asks("gmail.com")).await);
    host.change_verified_domains(asks("work.example")).await.unwrap();
    told.no("no-verified-domain", organization.join_by_domain(person("bob")).await);
    let bob = Principal::user("bob").vouched("bob@work.example");
    told.no("domain-by-request", organization.join_by_domain(bob).await);
}

/// A code that is not in the list, or is never told, fails one of the two.
#[test]
fn f6_the_list_is_complete() {
    let listed = CODES.map(|(code, _)| code).into_iter().chain(NEVER).map(str::to_owned);
    assert_eq!(codes(), listed.collect());
}

/// What is no refusal has a code too, and no rule.
#[tokio::test]
async fn f6_failures_have_stable_codes_too() {
    let world = World::on(tests::Store::memory().await);
    let acme = world.acme().await;
    let nowhere = world.invite.organization("nowhere").by("ada");
    assert_eq!(tests::code(nowhere.invite("bob@example.com", member()).await), "unknown-organization");
    assert_eq!(tests::code(acme.organization().by("").leave().await), "invalid-input");
    assert_eq!(tests::code(world.invite.organization("\n").get().await), "invalid-input");
    assert_eq!(tests::code(acme.organization().as_system().leave().await), "invalid-input");
    assert_eq!(tests::code(acme.suspend().idempotency_key("").await), "invalid-input");
    let bad = person("bob").vouched("bob@");
    assert_eq!(tests::code(world.invite.inbox(bad, &PageRequest::default()).await), "invalid-input");
    let error: Error = Token::parse("inv_").map_err(invite::Error::<invite::AnyRefusal>::from).unwrap_err();
    assert_eq!((error.code(), error.rule()), ("unknown-token", None));
}
