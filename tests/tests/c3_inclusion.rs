//! C3, E2, E3. Users are found by name, included with a notice where that is switched on, or invited.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::{DeliveryState, SuppressionKind};
use invite::{
    AccessModel, Acting, Actor, Block, Grant, GroupSettings, Include, Inclusion, InvitationState,
    InviteOutcome, Invited, JoinedBy, Next, PageRequest, Plan, PreviewStatus, RevealAccounts, Role, Scope,
    Settings,
};
use tests::{Listed as _, World, address, group, newcomer, on_every_store, person, refused, user};

/// Acme with a group, which includes users as set.
async fn including(world: &World, inclusion: Inclusion) -> Acting {
    let acme = world.acme().await;
    acme.create_group("red", GroupSettings::named("Red").described("What is red.")).await.unwrap();
    acme.change_settings(Settings::named("Acme Ltd").inclusion(inclusion)).await.unwrap();
    for (name, full) in [("bob", "Bob Miller"), ("eve", "Eve Smith")] {
        world.directory.add(user(name), full, Some(address(&format!("{name}@example.com"))));
    }
    acme
}

fn in_red(role: &str) -> Grant {
    Grant::role(role).in_group(group("red"))
}

async fn include_bob(acme: &Acting) -> Invited {
    acme.invite(user("bob"), in_red("client")).with(|it| it.include(Include::Yes)).await.unwrap()
}

async fn inbox(world: &World, name: &str) -> usize {
    world.invite.inbox(person(name), &PageRequest::default()).await.unwrap().items.len()
}

on_every_store! {
    async fn c3_who_is_included_is_told_by_whom_and_leaves_in_one_step(world) {
        let acme = including(&world, Inclusion::Asked).await;
        let included = include_bob(&acme).await;
        assert_eq!(acme.users().await, ["ada", "bob"]);
        let member = acme.organization().member("bob").await.unwrap().unwrap();
        let id = included.invitations().next().unwrap();
        assert_eq!(member.joined_by, JoinedBy::Included { by: Actor::User(user("ada")), invitation: id });
        assert!(acme.history().await.ends_with(&["included".into(), "member-joined".into()]));

        assert_eq!(world.deliver().await.sent, 1);
        let mail = world.mail_to("bob@example.com");
        assert_eq!(mail.subject, "Ada Lovelace included you in Acme Ltd");
        for said in ["- Red (client)", "What is red.", "sign\nin and leave"] {
            assert!(mail.text.contains(said), "{said}: {}", mail.text);
        }
        // The link leads to a page that knows them, and accepts nothing.
        let shown = world.invite.preview(&mail.token(), Some(newcomer("bob"))).await.unwrap();
        assert_eq!((shown.status, shown.next), (PreviewStatus::Accepted, Next::AlreadyMember));
        assert_eq!(shown.inviter, Some(Actor::User(user("ada"))));
        refused(world.invite.accept(&mail.token(), person("bob")).await, "already-accepted", "LIF-1", "");
        refused(world.invite.accept(&mail.token(), person("eve")).await, "already-accepted", "LIF-1", "");

        world.acme_by("bob").leave().await.unwrap();
        assert_eq!(acme.users().await, ["ada"]);
    }

    async fn c3_who_was_included_leaves_that_group_alone(world) {
        let acme = including(&world, Inclusion::Always).await;
        acme.create_group("blue", GroupSettings::named("Blue")).await.unwrap();
        let in_blue = Grant::role("member").in_group(group("blue"));
        acme.invite(user("bob"), in_blue.clone()).await.unwrap();
        include_bob(&acme).await;
        let held = async || acme.organization().member("bob").await.unwrap().unwrap().grants;
        assert_eq!(held().await.len(), 2);
        let bob = world.acme_by("bob");
        bob.leave_group("red").await.unwrap();
        assert_eq!(held().await, in_blue.into());
        assert!(acme.history().await.ends_with(&["member-access-changed".into(), "suppressed".into()]));
        bob.leave_group("red").await.unwrap();

        include_bob(&acme).await;
        assert_eq!((held().await.len(), inbox(&world, "bob").await), (1, 1), "who left is asked");
        refused(bob.leave_group("blue").await, "last-grant", "C5", "leaves the organization");
        let others = world.acme_by("eve").change_access_in("bob", Scope::Group(group("blue")), None).await;
        refused(others, "not-permitted", "AUT-1", "");
        bob.leave().await.unwrap();
        assert_eq!((acme.users().await, inbox(&world, "bob").await), (vec!["ada".to_owned()], 0));
    }

    async fn c3_who_left_is_invited_and_not_included_until_they_want_to(world) {
        let acme = including(&world, Inclusion::Always).await;
        let first = include_bob(&acme).await;
        world.acme_by("bob").leave().await.unwrap();
        world.pass(chrono::TimeDelta::days(400));
        let again = include_bob(&acme).await;
        assert_eq!(acme.users().await, ["ada"]);
        assert_eq!(inbox(&world, "bob").await, 1);
        // The inviter is told the same of both (PRI-2).
        for invited in [&first, &again] {
            assert!(matches!(invited.results[0].outcome, InviteOutcome::Invited { .. }));
        }
        let added = acme.add_members([invite::NewMember::new(user("bob"), in_red("client"))]).await;
        refused(added, "left-before", "C3", "invite them");

        let handle = acme.organization();
        refused(handle.unblock(newcomer("eve"), SuppressionKind::Inclusion).await, "not-blocked", "F11", "");
        handle.unblock(newcomer("bob"), SuppressionKind::Inclusion).await.unwrap();
        acme.revoke(again.invitations().next().unwrap()).await.unwrap();
        include_bob(&acme).await;
        assert_eq!(acme.users().await, ["ada", "bob"]);
    }

    async fn c3_who_was_removed_before_the_notice_went_out_gets_none_and_who_blocked_is_not_included(world) {
        let acme = including(&world, Inclusion::Always).await;
        include_bob(&acme).await;
        acme.remove("bob").await.unwrap();
        assert_eq!((world.deliver().await.dropped, world.mails_to("bob@example.com")), (1, 0));

        acme.invite(user("eve"), in_red("client")).with(|it| it.include(Include::No)).await.unwrap();
        let (row, _) = acme.entry("eve").await;
        let decline = acme.organization().decline(row.id, newcomer("eve"));
        decline.with(|decline| decline.block(Block::Organization)).await.unwrap();
        refused(acme.invite(user("eve"), in_red("client")).await, "blocked", "F11", "only the invitee");
        assert_eq!(acme.users().await, ["ada"]);
    }

    async fn c3_nobody_is_included_unless_it_is_switched_on(world) {
        let acme = including(&world, Inclusion::Off).await;
        let asked = acme.invite(user("bob"), in_red("client")).with(|it| it.include(Include::Yes));
        refused(asked.await, "inclusion-off", "C3", "switched on");
        acme.invite(user("bob"), in_red("client")).await.unwrap();
        assert_eq!((acme.users().await.len(), inbox(&world, "bob").await), (1, 1));
        // Switched on, what is open is settled by being included (LIF-7d).
        acme.change_settings(Settings::named("Acme Ltd").inclusion(Inclusion::Asked)).await.unwrap();
        include_bob(&acme).await;
        assert_eq!((acme.users().await.len(), inbox(&world, "bob").await), (2, 0));
    }

    async fn c3_including_takes_seats_and_authority_as_every_way_in_does(world) {
        let acme = including(&world, Inclusion::Always).await;
        acme.run(invite::core::ChangePlan::new(Plan::seats("team", 1))).await.unwrap_err();
        acme.organization().as_system().change_plan(Plan::seats("team", 1)).await.unwrap();
        let both = acme.invitees("bob, eve").await.unwrap();
        let included = acme.invite(both, Grant::role("member")).await.unwrap();
        assert_eq!(included.refused().map(|(result, _)| result.position).collect::<Vec<_>>(), [1]);
        assert_eq!((acme.users().await.len(), acme.seats_of("team").await), (2, (1, 0)));
        let by_bob = world.acme_by("bob").invite(user("eve"), in_red("client")).await;
        refused(by_bob, "not-permitted", "AUT-1", "admin");
    }

    async fn c3_a_notice_that_has_nowhere_to_go_fails_and_they_are_a_member_all_the_same(world) {
        let acme = including(&world, Inclusion::Always).await;
        let included = acme.invite(user("zed"), in_red("client")).await.unwrap();
        assert_eq!(world.deliver().await.failed, 1);
        assert_eq!(acme.mail_state("zed").await, Some(DeliveryState::Failed));
        let entry = acme.organization().invitation(included.invitations().next().unwrap()).await.unwrap().unwrap();
        assert_eq!((entry.state_at(world.clock_now()), entry.mail_to), (InvitationState::Accepted, None));
    }

    async fn c3_an_address_with_an_account_is_included_only_where_the_host_reveals_accounts(world) {
        let acme = including(&world, Inclusion::Always).await;
        world.pass(chrono::TimeDelta::seconds(1));
        let invitees = acme.invitees("bob@example.com; new@example.com").await.unwrap();
        acme.invite(invitees, in_red("client")).await.unwrap();
        assert_eq!(acme.names().await, ["new@example.com", "bob@example.com", "ada"]);

        let revealing = revealing();
        let revealing = World::with_model(world.store.another().await, revealing);
        let acme = including(&revealing, Inclusion::Always).await;
        let invitees = acme.invitees("bob@example.com; new@example.com").await.unwrap();
        let invited = acme.invite(invitees, in_red("client")).await.unwrap();
        let told = invited.results.iter().filter(|one| matches!(one.outcome, InviteOutcome::Invited { .. }));
        assert_eq!((told.count(), acme.users().await), (2, vec!["ada".to_owned(), "bob".to_owned()]));
        revealing.deliver().await;
        assert_eq!(revealing.mail_to("bob@example.com").subject, "Ada Lovelace included you in Acme Ltd");
        assert_eq!(revealing.mail_to("new@example.com").subject, "Ada Lovelace invites you to join Acme Ltd");
    }

    async fn e2_names_and_addresses_are_invited_in_one_go_and_a_name_of_nobody_is_told_in_its_place(world) {
        let acme = including(&world, Inclusion::Off).await;
        world.directory.add(user("bob2"), "Bob Miller", None);
        let list = acme.invitees("eve, new@example.com; BobMiller, nobody; EveSmith\nbob").await.unwrap();
        let invited = acme.invite(list, in_red("client")).await.unwrap();
        assert_eq!(acme.waiting().await, ["bob", "new@example.com", "eve"]);
        let refused = invited.refused().map(|(result, why)| {
            (result.position, result.input.as_str(), invite::Refusal::code(why))
        });
        let expected = [(2, "BobMiller", "ambiguous-name"), (3, "nobody", "unknown-name")];
        assert_eq!(refused.collect::<Vec<_>>(), expected);
        let eve = &invited.results[4];
        assert_eq!((eve.position, &eve.outcome), (4, &InviteOutcome::Duplicate { of: 0 }));

        world.joins("dan", Grant::role("client")).await;
        refused_for_dan(&world).await;
    }

    async fn e3_the_mail_is_previewed_as_it_will_look_without_a_live_link(world) {
        let acme = including(&world, Inclusion::Always).await;
        for (name, subject) in [
            ("bob", "Ada Lovelace included you in Acme Ltd"),
            ("new@example.com", "Ada Lovelace invites you to join Acme Ltd"),
        ] {
            let invitees = acme.invitees(name).await.unwrap();
            let dry_run = acme.invite(invitees.clone(), in_red("client")).dry_run().await.unwrap();
            let shown = acme.preview_mail(&dry_run).await.unwrap().unwrap();
            assert_eq!(shown.subject, subject);
            let html = shown.html.clone().unwrap();
            for words in [&shown.text, &html] {
                assert!(!words.contains("inv_") && words.contains("https://app.example/join#preview"), "{words}");
            }
            let members = acme.users().await.len();
            assert_eq!(members, if name == "bob" { 1 } else { 2 }, "nothing changed (F5)");

            acme.invite(invitees, in_red("client")).await.unwrap();
            world.deliver().await;
            let sent = world.mail_to(if name == "bob" { "bob@example.com" } else { name });
            let told = |text: &str| {
                let lines = text.trim_end().lines().filter(|line| !line.contains("https:"));
                lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
            };
            assert_eq!(told(&shown.text), told(&sent.text), "as it was sent, but for the links");
            assert_eq!(html, sent.html_as_previewed());
        }
    }
}

/// The model of a host that reveals accounts.
fn revealing() -> AccessModel {
    let model =
        AccessModel::builder().permissions(["posts.view"]).role(Role::new("client").with(["posts.view"]));
    let model = model.seat("team", ["posts.view"]).seat("client", [] as [&str; 0]);
    model.reveal_accounts(RevealAccounts::ToInviters).build().unwrap()
}

/// PRI-2: names are looked up for those who may invite.
async fn refused_for_dan(world: &World) {
    refused(world.acme_by("dan").invitees("eve").await, "not-permitted", "AUT-1", "admin");
}
