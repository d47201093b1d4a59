//! C2, E2, E5, E6, F11. Whom one may have in mind, what waits for somebody, and what they do not want.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::core::{DeliveryState, Domain, LinkSettings, SuppressionKind, VerifiedDomain};
use invite::{
    Access, Acting, Block, Grant, GroupSettings, Include, Inclusion, InvitationState, Nearness, NewMember,
    PageRequest, Plan, Principal, Rate, Scope, Settings,
};
use tests::{
    Listed as _, Store, World, address, code, group, newcomer, on_every_store, person, refused, token, user,
};

/// An organization of ada's with a group, and these in the group.
async fn project(world: &World, id: &str, in_red: &[&str]) -> Acting {
    world.pass(TimeDelta::seconds(1));
    let plan = Plan::seats("team", 50).and_seats("client", invite::Limit::Unlimited);
    let acme = world.invite.create_organization(id, id, "ada", plan).await.unwrap().by("ada");
    acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
    add(world, &acme, in_red, Grant::role("client").in_group(group("red"))).await;
    acme
}

async fn add(world: &World, acme: &Acting, names: &[&str], grant: Grant) {
    for name in names {
        world.pass(TimeDelta::seconds(1));
        world.directory.add(
            user(name),
            format!("{name} Miller"),
            Some(address(&format!("{name}@example.com"))),
        );
        acme.organization()
            .as_system()
            .add_members([NewMember::new(user(name), grant.clone())])
            .await
            .unwrap();
    }
}

fn client() -> Grant {
    Grant::role("client")
}

fn red() -> Scope {
    Scope::Group(group("red"))
}

/// Who is offered, in order, and how near they are.
async fn offered(acting: &Acting, typed: &str, scope: &Scope) -> Vec<(String, Nearness)> {
    let offered = acting.candidates(typed, scope, 20).await.unwrap();
    offered.into_iter().map(|one| (one.user.to_string(), one.nearness)).collect()
}

fn expected(list: &[(&str, Nearness)]) -> Vec<(String, Nearness)> {
    list.iter().map(|(name, nearness)| ((*name).to_owned(), *nearness)).collect()
}

async fn waits(world: &World, who: Principal) -> usize {
    let listed = world.invite.inbox(who.clone(), &PageRequest::default()).await.unwrap().items.len();
    let counted = world.invite.waiting(who).await.unwrap();
    assert_eq!((counted.count as usize, counted.more), (listed, false));
    listed
}

on_every_store! {
    async fn c2_people_one_works_or_worked_with_are_offered_first_and_nobody_else_with_them(world) {
        use Nearness::{Directory, SharesGroup, SharesOrganization, Shared};
        let acme = project(&world, "acme", &["ann", "bob"]).await;
        add(&world, &acme, &["cid", "dan", "ema"], client()).await;
        acme.remove("dan").await.unwrap();
        world.acme_by("ema").leave().await.unwrap();
        // Where ada was, and who came there after she had left.
        let old = project(&world, "old", &["fay"]).await;
        let handle = world.invite.organization("old");
        handle.as_system().add_members([NewMember::new(user("gus"), Grant::role("admin"))]).await.unwrap();
        world.directory.add(user("gus"), "gus Miller", None);
        let offer = old.offer_ownership("gus", invite::FormerOwner::Stays).await.unwrap();
        handle.accept(offer.invitation, newcomer("gus")).await.unwrap();
        old.leave().await.unwrap();
        add(&world, &handle.by("gus"), &["late"], client()).await;
        // Elsewhere, where ada never was.
        let plan = Plan::seats("team", 5).and_seats("client", invite::Limit::Unlimited);
        let other = world.invite.create_organization("other", "other", "zoe", plan).await.unwrap().by("zoe");
        add(&world, &other, &["zed"], client()).await;

        // To a project of hers without anybody in it: the nearest, those who joined last first.
        let new = project(&world, "new", &[]).await;
        let near = offered(&new, "", &red()).await;
        let worked = expected(&[
            ("bob", SharesGroup), ("ann", SharesGroup), ("cid", SharesOrganization), ("ema", Shared), ("dan", Shared), ("gus", Shared), ("fay", Shared),
        ]);
        assert_eq!(near, worked, "and neither late, who came later, nor zed");
        // Typed, those the directory knows follow.
        let typed = offered(&new, "mil", &red()).await;
        assert_eq!(typed[..7], worked);
        let others = typed[7..].iter().map(|(name, nearness)| (name.as_str(), *nearness)).collect::<Vec<_>>();
        assert_eq!(others, [("late", Directory), ("zed", Directory)]);
        assert_eq!(offered(&new, "ze", &red()).await, expected(&[("zed", Directory)]));
        // In a group of one's own, those of it come first; and they are added without typing an address.
        acme.create_group("blue", GroupSettings::named("Blue")).await.unwrap();
        acme.invite(user("ann"), client().in_group(group("blue"))).await.unwrap();
        let first = offered(&acme, "", &Scope::Group(group("blue"))).await;
        assert_eq!(first[..2], expected(&[("bob", SharesGroup), ("cid", SharesOrganization)]));
        let admin = |id| Grant::role("admin").in_group(group(id));
        acme.change_access("cid", [client(), admin("red")]).await.unwrap();
        let cid = world.acme_by("cid");
        let near = offered(&cid, "", &red()).await;
        assert!(near.iter().all(|(name, _)| name != "ann" && name != "bob"), "who is there already: {near:?}");
        acme.create_group("grey", GroupSettings::named("Grey")).await.unwrap();
        acme.change_access("cid", [client(), admin("red"), admin("grey")]).await.unwrap();
        let near = offered(&cid, "", &Scope::Group(group("grey"))).await;
        assert_eq!(near[..2], expected(&[("bob", SharesGroup), ("ann", SharesGroup)]));
    }

    async fn c2_who_may_not_see_members_is_offered_those_of_their_groups_and_no_others(world) {
        let agency = project(&world, "agency", &["ann"]).await;
        add(&world, &agency, &["bob", "cid", "dan"], client()).await;
        let own = world.invite.create_organization("own", "own", "bob", Plan::seats("team", 5)).await.unwrap();
        let own = own.by("bob");
        let near = async || offered(&own, "", &Scope::Organization).await;
        assert_eq!(near().await, [], "a client reads no other clients of the agency");

        let bobs = |days| {
            let in_red = client().in_group(group("red"));
            let until = world.clock_now() + TimeDelta::days(days);
            if days == 0 { vec![client(), in_red] } else { vec![client(), in_red.until(until)] }
        };
        agency.change_access("bob", bobs(0).into_iter().collect::<invite::Grants>()).await.unwrap();
        let with_ann = expected(&[("ann", Nearness::SharesGroup), ("ada", Nearness::SharesGroup)]);
        world.directory.add(user("ada"), "Ada Lovelace", Some(address("ada@example.com")));
        assert_eq!(near().await, with_ann);
        agency.suspend_member("ann").await.unwrap();
        assert_eq!(near().await, with_ann[1..], "nobody who is suspended");
        agency.restore_member("ann").await.unwrap();
        agency.change_access("bob", bobs(1).into_iter().collect::<invite::Grants>()).await.unwrap();
        assert_eq!(near().await, with_ann);
        world.pass(TimeDelta::days(1));
        assert_eq!(near().await, [], "nor those of a group of the past");
        agency.change_access("bob", bobs(0).into_iter().collect::<invite::Grants>()).await.unwrap();
        agency.close_group("red").await.unwrap();
        assert_eq!(near().await, [], "nor those of a closed one");

        let views = client().adding("invite.members.view");
        agency.change_access("bob", views).await.unwrap();
        let names = near().await.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names, ["dan", "cid", "ann", "ada"]);
        agency.change_access("bob", client()).await.unwrap();
        world.invite.organization("agency").by("bob").leave().await.unwrap();
        assert_eq!(near().await, [], "nor afterwards");
    }

    async fn e2_names_are_completed_without_those_who_are_there_invited_or_unwilling(world) {
        let acme = project(&world, "acme", &["ann"]).await;
        add(&world, &acme, &["bob", "cid", "dan", "eve"], client()).await;
        world.directory.add(user("new"), "Newton Miller", Some(address("new@example.com")));
        let to_red = client().in_group(group("red"));
        acme.invite(user("bob"), to_red.clone()).await.unwrap();
        world.acme_by("cid").leave().with(|leave| leave.block(Block::Organization)).await.unwrap();
        world.invite.block(person("dan")).await.unwrap();
        let names = async |typed| {
            let offered = acme.candidates(typed, &red(), 9).await.unwrap();
            offered.into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(names("mil").await, ["eve Miller", "Newton Miller"]);
        assert_eq!(names("EV").await, ["eve Miller"]);
        assert_eq!(acme.candidates("mil", &red(), 1).await.unwrap().len(), 1);
        // PRI-2: by names alone, and no address comes back.
        world.directory.add(user("mail"), "mil@example.com", None);
        for typed in ["new@example.com", "new@", "@", "example"] {
            assert_eq!(names(typed).await, [""; 0], "{typed}");
        }
        assert_eq!(names("mil").await, ["eve Miller", "Newton Miller"]);
        // Who is offered is invited by their id, beside others by address.
        world.pass(TimeDelta::seconds(1));
        let offered = acme.candidates("newt", &red(), 1).await.unwrap().remove(0);
        acme.invite(acme.invitees(&format!("{}; x@example.com", offered.user)).await.unwrap(), to_red).await.unwrap();
        assert_eq!(acme.waiting().await, ["x@example.com", "new", "bob"]);
        assert_eq!(names("newt").await, [""; 0]);
    }

    async fn pri_2_names_are_completed_for_those_who_may_invite_there_and_not_too_often(world) {
        let acme = project(&world, "acme", &["ann"]).await;
        add(&world, &acme, &["bob"], Grant::role("admin").in_group(group("red"))).await;
        let bob = world.acme_by("bob");
        refused(world.acme_by("ann").candidates("b", &red(), 5).await, "not-permitted", "AUT-1", "admin");
        refused(world.acme_by("zoe").candidates("b", &red(), 5).await, "not-permitted", "AUT-1", "admin");
        refused(bob.candidates("b", &Scope::Organization, 5).await, "not-permitted", "AUT-1", "admin");
        bob.candidates("b", &red(), 5).await.unwrap();
        let missing = Scope::Group(group("none"));
        refused(acme.candidates("b", &missing, 5).await, "unknown-group", "STO-2", "");

        let slow = world.rated(Rate::per(3, TimeDelta::minutes(3)).unwrap());
        let acme = slow.acme_by("ada");
        acme.candidates("b", &red(), 5).await.unwrap();
        acme.invitees("ann; bob").await.unwrap();
        refused(acme.candidates("b", &red(), 5).await, "too-many-questions", "PRI-2", "again at");
        refused(acme.invitees("ann").await, "too-many-questions", "PRI-2", "again at");
        slow.acme_by("bob").candidates("b", &red(), 5).await.unwrap();
        slow.pass(TimeDelta::minutes(1));
        acme.candidates("b", &red(), 5).await.unwrap();
    }

    async fn e5_what_waits_is_counted_and_answered_across_organizations(world) {
        let mut organizations = Vec::new();
        world.directory.add(user("bob"), "Bob", Some(address("bob@example.com")));
        for id in ["one", "two", "three", "four"] {
            let acme = project(&world, id, &[]).await;
            acme.invite("bob@example.com", client()).await.unwrap();
            acme.invite(user("bob"), client().in_group(group("red"))).await.unwrap();
            organizations.push(acme);
        }
        assert_eq!((waits(&world, person("bob")).await, waits(&world, newcomer("bob")).await), (8, 4));
        world.deliver().await;
        assert_eq!(world.mails_to("bob@example.com"), 4, "to who is invited by address; by user id, the inbox alone");
        assert_eq!(waits(&world, person("bob")).await, 8, "the notice is there besides the mail");
        organizations[1].suspend().await.unwrap();
        organizations[2].close().await.unwrap();
        assert_eq!(waits(&world, person("bob")).await, 4, "of those that work");
        // A block by another name hides what came to this one.
        let entry = world.invite.inbox(newcomer("bob"), &PageRequest::default()).await.unwrap().items.remove(0);
        assert_eq!(entry.organization.as_str(), "four");
        let decline = organizations[3].organization().decline(entry.invitation.id, newcomer("bob"));
        decline.with(|decline| decline.block(Block::Organization)).await.unwrap();
        assert_eq!(waits(&world, person("bob")).await, 2);

        let accepted = world.invite.accept_all(person("bob")).await.unwrap();
        assert!(accepted.iter().all(|one| one.organization.as_str() == "one"));
        let came = accepted.into_iter().map(|one| code(one.result)).collect::<Vec<_>>();
        assert_eq!(came, ["ok", "ok"], "each with its own result");
        let member = organizations[0].organization().member("bob").await.unwrap().unwrap();
        assert_eq!((member.grants.scopes().count(), waits(&world, person("bob")).await), (2, 0));
        assert_eq!(world.invite.accept_all(person("bob")).await.unwrap().len(), 0);

        // What cannot be accepted is told, and stops no other.
        organizations[1].resume().await.unwrap();
        let nothing_left = Plan::seats("team", 0).and_seats("client", invite::Limit::AtMost(0));
        organizations[1].organization().as_system().change_plan(nothing_left).await.unwrap();
        organizations[0].invite("eve@example.com", client()).await.unwrap();
        let both = person("eve").vouched("bob@example.com");
        let came = world.invite.accept_all(both).await.unwrap().into_iter().map(|one| code(one.result));
        assert_eq!(came.collect::<Vec<_>>(), ["ok", "ok", "no-seat-left"], "of one, four and two");

        let declined = world.invite.decline_all(person("bob")).await.unwrap();
        assert_eq!(declined.into_iter().map(|one| code(one.result)).collect::<Vec<_>>(), ["ok", "ok"]);
        assert_eq!(waits(&world, person("bob")).await, 0);
        assert_eq!(organizations[1].entry("bob").await.0.state_at(world.clock_now()), InvitationState::Declined);
    }

    async fn e5_more_than_a_hundred_are_counted_as_such_and_answered_in_parts(world) {
        let acme = project(&world, "acme", &[]).await;
        for n in 0..102 {
            let id = format!("g{n}");
            acme.create_group(id.as_str(), GroupSettings::named(&id)).await.unwrap();
            acme.invite(user("bob"), client().in_group(group(&id))).await.unwrap();
        }
        let waiting = world.invite.waiting(newcomer("bob")).await.unwrap();
        assert_eq!((waiting.count, waiting.more), (100, true));
        assert_eq!(world.invite.accept_all(newcomer("bob")).await.unwrap().len(), 100);
        assert_eq!(world.invite.decline_all(newcomer("bob")).await.unwrap().len(), 2);
        assert_eq!(waits(&world, newcomer("bob")).await, 0);
    }

    async fn e5_what_is_blocked_hides_nothing_that_waits_behind_it(world) {
        let quiet = project(&world, "quiet", &[]).await;
        quiet.invite(user("bob"), client()).await.unwrap();
        world.pass(TimeDelta::seconds(1));
        let loud = project(&world, "loud", &[]).await;
        for n in 0..101 {
            let id = format!("g{n}");
            loud.create_group(id.as_str(), GroupSettings::named(&id)).await.unwrap();
            loud.invite(user("bob"), client().in_group(group(&id))).await.unwrap();
        }
        let blocking = world.invite.waiting(newcomer("bob")).await.unwrap();
        assert_eq!((blocking.count, blocking.more), (100, true));
        // By the address alone, with another account, so that what is for the user stays and is not shown.
        let one = loud.invite("bob@example.com", client()).await.unwrap().invitations().next().unwrap();
        let other = Principal::user("bobby").vouched("bob@example.com");
        let decline = loud.organization().decline(one, other);
        decline.with(|decline| decline.block(Block::Organization)).await.unwrap();
        let waiting = world.invite.waiting(person("bob")).await.unwrap();
        assert_eq!((waiting.count, waiting.more), (1, false));
        let accepted = world.invite.accept_all(person("bob")).await.unwrap();
        assert_eq!(accepted.iter().map(|one| one.organization.as_str()).collect::<Vec<_>>(), ["quiet"]);
    }

    async fn e6_who_has_no_account_registers_before_accepting_or_declining(world) {
        let acme = project(&world, "acme", &[]).await;
        acme.invite("new@example.com", client()).await.unwrap();
        world.deliver().await;
        let link = world.token_to("new@example.com");
        let shown = world.invite.preview(&link, None).await.unwrap();
        assert_eq!(shown.next, invite::Next::SignUp);
        assert_eq!(shown.email, Some(address("new@example.com")), "filled in when signing up");
        assert_eq!(waits(&world, person("other")).await, 0);
        // Registered, with nothing verified yet: the mailed link is enough, for either.
        world.invite.accept(&link, newcomer("new")).await.unwrap();
        acme.invite("old@example.com", client()).await.unwrap();
        world.deliver().await;
        world.invite.decline(&world.token_to("old@example.com"), newcomer("old")).await.unwrap();
        assert_eq!(acme.entry("old@example.com").await.0.state_at(world.clock_now()), InvitationState::Declined);
    }

    async fn f11_who_blocks_all_is_invited_by_nobody_until_they_undo_it(world) {
        let acme = project(&world, "acme", &[]).await;
        let other = project(&world, "other", &[]).await;
        acme.invite("bob@example.com", client()).await.unwrap();
        other.invite(user("bob"), client()).await.unwrap();
        let declined = world.invite.block(person("bob")).await.unwrap();
        assert_eq!(declined.into_iter().map(|one| code(one.result)).collect::<Vec<_>>(), ["ok", "ok"]);
        world.deliver().await;
        assert_eq!(world.mails_to("bob@example.com"), 0);
        let mut made = Vec::new();
        for acting in [&acme, &other] {
            // By address nobody is told: only who has an account blocks everybody (PRI-2).
            let invited = acting.invite("bob@example.com", client()).await.unwrap();
            let new = acting.invite("new@example.com", client()).await.unwrap();
            assert_eq!((invited.len(), new.len()), (1, 1));
            made.extend(invited.invitations());
            world.directory.add(user("bob"), "bob", None);
            let invitees = acting.invitees("bob").await.unwrap();
            refused(acting.invite(invitees, client()).await, "blocked", "F11", "only the invitee");
            let bob = NewMember::new(user("bob"), client());
            refused(acting.add_members([bob]).await, "blocked", "F11", "only the invitee");
        }
        world.deliver().await;
        assert_eq!((world.mails_to("bob@example.com"), world.mails_to("new@example.com")), (0, 2));
        assert_eq!(waits(&world, person("bob")).await, 0);
        let kinds = async |who| {
            let found = world.invite.suppressions(who).await.unwrap();
            found.into_iter().map(|one| (one.organization.is_none(), one.suppression.kind)).collect::<Vec<_>>()
        };
        let everywhere = (true, SuppressionKind::Everywhere);
        assert_eq!(kinds(person("bob")).await, [everywhere; 2], "by both names");
        let handle = acme.organization();
        refused(handle.unblock(person("bob"), SuppressionKind::Everywhere).await, "not-blocked", "F11", "");
        assert!(!world.invite.unblock(person("eve")).await.unwrap());

        assert!(world.invite.unblock(person("bob")).await.unwrap());
        assert!(!world.invite.unblock(person("bob")).await.unwrap(), "there is nothing left");
        assert_eq!((world.mails_to("bob@example.com"), waits(&world, person("bob")).await), (0, 2));
        acme.resend(made[0]).await.unwrap();
        world.deliver().await;
        assert_eq!(world.mails_to("bob@example.com"), 1);
    }

    async fn f11_mail_that_was_queued_is_not_sent_to_whoever_blocked_all_meanwhile(world) {
        let acme = project(&world, "acme", &[]).await;
        acme.invite("bob@example.com", client()).await.unwrap();
        acme.suspend().await.unwrap();
        // What waits while it is suspended is not shown, so it is not declined.
        assert_eq!(world.invite.block(person("bob")).await.unwrap().len(), 0);
        acme.resume().await.unwrap();
        assert_eq!(world.deliver().await.dropped, 1);
        let (row, delivery) = acme.entry("bob@example.com").await;
        assert_eq!(row.state_at(world.clock_now()), InvitationState::Pending);
        assert_eq!((delivery.unwrap().state, world.mails_to("bob@example.com")), (DeliveryState::Dropped, 0));
        assert_eq!(waits(&world, person("bob")).await, 0);
    }

    async fn f11_who_was_included_leaves_and_blocks_in_one_step_and_sees_what_they_blocked(world) {
        let acme = project(&world, "acme", &[]).await;
        acme.change_settings(Settings::named("Acme Ltd").inclusion(Inclusion::Asked)).await.unwrap();
        acme.invite(user("bob"), client()).with(|it| it.include(Include::Yes)).await.unwrap();
        world.pass(TimeDelta::hours(1));
        world.acme_by("bob").leave().with(|leave| leave.block(Block::Organization)).await.unwrap();
        refused(acme.invite(user("bob"), client()).await, "blocked", "F11", "only the invitee");
        let found = world.invite.suppressions(newcomer("bob")).await.unwrap();
        let mut told = found
            .iter()
            .map(|one| (one.organization.as_ref().map(|(_, name)| name.as_str()), one.suppression.kind))
            .collect::<Vec<_>>();
        told.sort();
        let here = Some("Acme Ltd");
        assert_eq!(told, [(here, SuppressionKind::Invitations), (here, SuppressionKind::Inclusion)]);
        for kind in [SuppressionKind::Invitations, SuppressionKind::Inclusion] {
            acme.organization().unblock(newcomer("bob"), kind).await.unwrap();
        }
        assert!(world.invite.suppressions(newcomer("bob")).await.unwrap().is_empty());
        acme.invite(user("bob"), client()).with(|it| it.include(Include::Yes)).await.unwrap();
    }

    async fn lif_7d_joining_by_any_path_settles_what_waits_for_it(world) {
        let acme = project(&world, "acme", &[]).await;
        acme.change_group("red", GroupSettings::named("Red").open_with(Access::role("client"))).await.unwrap();
        acme.change_settings(Settings::named("Acme Ltd").inclusion(Inclusion::Asked)).await.unwrap();
        let link = acme.create_link(LinkSettings::new("Red", client().in_group(group("red")))).await.unwrap().link;
        let link = token(&acme.show_link(link).await.unwrap().reveal());
        let asking = LinkSettings::new("Asking", client().in_group(group("red"))).by_request();
        let asking = acme.create_link(asking).await.unwrap().link;
        let asking = token(&acme.show_link(asking).await.unwrap().reveal());
        let domain = (Domain::parse("example.com").unwrap(), VerifiedDomain::joins(client().in_group(group("red"))));
        acme.organization().as_system().change_verified_domains([domain]).await.unwrap();
        for path in ["accept", "link", "group", "add", "include", "access", "approval", "domain"] {
            let name = format!("by-{path}");
            let who = || person(&name);
            let email = format!("{name}@example.com");
            let to_red = || client().in_group(group("red"));
            if matches!(path, "group" | "access") {
                let member = NewMember::new(user(&name), client()).email(address(&email));
                acme.add_members([member]).await.unwrap();
            }
            // By address and by user, and one that stays: it is for something else.
            let invited = acme.invite(address(&email), to_red()).await.unwrap().invitations().next().unwrap();
            acme.invite(user(&name), to_red()).await.unwrap();
            acme.create_group(path, GroupSettings::named(path)).await.unwrap();
            acme.invite(address(&email), client().in_group(group(path))).await.unwrap();
            assert_eq!(waits(&world, who()).await, 3, "{path}");
            match path {
                "accept" => _ = acme.organization().accept(invited, who()).await.unwrap(),
                "link" => _ = world.invite.join(&link, who()).await.unwrap(),
                "approval" => {
                    let asked = world.invite.ask_to_join(&asking, who()).await.unwrap().request;
                    assert_eq!(waits(&world, who()).await, 3, "asking settles nothing");
                    acme.approve(asked).await.unwrap();
                }
                "domain" => _ = acme.organization().join_by_domain(who()).await.unwrap(),
                "group" => _ = acme.organization().join_group("red", who()).await.unwrap(),
                "add" => {
                    let member = NewMember::new(user(&name), to_red()).email(address(&email));
                    acme.add_members([member]).await.unwrap();
                }
                "include" => {
                    let invite = acme.invite(user(&name), to_red());
                    invite.with(|it| it.include(Include::Yes)).await.unwrap();
                }
                _ => _ = acme.change_access(name.as_str(), [client(), to_red()]).await.unwrap(),
            }
            // Of whoever is included by id, the host vouches for no address: what is for one stays until it is answered.
            let left = if path == "include" { 2 } else { 1 };
            assert_eq!(waits(&world, who()).await, left, "{path}");
            // LIF-7c: and what waits for somebody who is removed ends, by every name they have.
            acme.remove(name.as_str()).await.unwrap();
            let still = waits(&world, who()).await;
            assert_eq!(still, if path == "include" { 2 } else { 0 }, "{path}");
        }
    }

    async fn lif_7c_who_leaves_has_nothing_waiting_of_that_organization_and_all_of_others(world) {
        let acme = project(&world, "acme", &[]).await;
        let other = project(&world, "other", &[]).await;
        acme.invite("bob@example.com", client()).await.unwrap();
        world.invite.accept_all(person("bob")).await.unwrap();
        acme.invite("bob@example.com", client().in_group(group("red"))).await.unwrap();
        acme.invite(user("bob"), client().in_group(group("red"))).await.unwrap();
        other.invite("bob@example.com", client()).await.unwrap();
        assert_eq!(waits(&world, person("bob")).await, 3);
        world.acme_by("bob").leave().await.unwrap();
        assert_eq!(waits(&world, person("bob")).await, 1);
        acme.invite("bob@example.com", client()).await.unwrap();
        assert_eq!(waits(&world, person("bob")).await, 2, "LIF-7: and is invited again");
    }
}

// As many as are looked at, which takes long on a disk: what is told apart is told by the service, above any store.
#[tokio::test]
async fn e5_behind_a_thousand_that_are_blocked_nothing_is_found_and_it_says_so() {
    let world = World::on(Store::memory().await);
    let quiet = project(&world, "quiet", &[]).await;
    quiet.invite(user("bob"), client()).await.unwrap();
    let mut last = None;
    for n in 0..4 {
        let loud = project(&world, &format!("loud-{n}"), &[]).await;
        for n in 0..250 {
            let id = format!("g{n}");
            loud.create_group(id.as_str(), GroupSettings::named(&id)).await.unwrap();
            let invited = loud.invite(user("bob"), client().in_group(group(&id))).await.unwrap();
            last = invited.invitations().next().map(|id| (loud.clone(), id));
        }
        let one = loud.invite("bob@example.com", client()).await.unwrap().invitations().next().unwrap();
        let decline = loud.organization().decline(one, Principal::user("bobby").vouched("bob@example.com"));
        decline.with(|decline| decline.block(Block::Organization)).await.unwrap();
    }
    let waiting = async || {
        let waiting = world.invite.waiting(person("bob")).await.unwrap();
        (waiting.count, waiting.more)
    };
    assert_eq!(waiting().await, (1, true), "one more than are looked at");
    assert_eq!(world.invite.decline_all(person("bob")).await.unwrap().len(), 0);
    let (loud, id) = last.unwrap();
    loud.revoke(id).await.unwrap();
    assert_eq!(waiting().await, (1, false));
    let accepted = world.invite.accept_all(person("bob")).await.unwrap();
    assert_eq!(accepted.iter().map(|one| one.organization.as_str()).collect::<Vec<_>>(), ["quiet"]);
    quiet.invite(user("bob"), client().in_group(group("red"))).await.unwrap();
    world.invite.block(person("bob")).await.unwrap();
    assert_eq!(waiting().await, (0, false), "all are blocked, waiting or not");
}
