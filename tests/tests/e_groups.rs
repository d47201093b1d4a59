//! C, E. Groups: access in one part of an organization, and how people come in.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::core::{GroupStatus, Invitee};
use invite::{
    Access, Expiry, Grant, GroupSettings, InvitationFilter, InvitationState, Limit, MemberFilter,
    PageRequest, Plan, Scope, Settings,
};
use tests::{Listed, address, group, on_every_store, person, refused};

fn in_group(role: &str, id: &str) -> Grant {
    Grant::role(role).in_group(group(id))
}

fn open(name: &str) -> GroupSettings {
    GroupSettings::named(name).open_with(Access::role("client"))
}

fn of_group(id: &str) -> MemberFilter {
    MemberFilter { group: Some(group(id)), ..MemberFilter::default() }
}

on_every_store! {
    async fn c1_the_same_person_has_full_access_to_one_project_and_partial_access_to_another(world) {
        let acme = world.acme().await;
        for id in ["red", "blue"] {
            acme.create_group(id, GroupSettings::named(id).kind("project")).await.unwrap();
        }
        let partial = in_group("member", "blue").removing("posts.publish").removing("inbox.manage");
        acme.invite("bob@example.com", [in_group("member", "red"), partial]).await.unwrap();
        world.deliver().await;
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        let handle = acme.organization();
        for (scope, permission, may) in [
            (Scope::Group(group("red")), "posts.publish", true),
            (Scope::Group(group("blue")), "posts.publish", false),
            (Scope::Group(group("blue")), "posts.create", true),
            (Scope::Organization, "posts.create", false),
        ] {
            assert_eq!(handle.may_in("bob", permission, &scope).await.unwrap(), may, "{permission} in {scope}");
        }
        let members = acme.members(&of_group("blue"), &PageRequest::default()).await.unwrap().items;
        assert_eq!(members.iter().map(|member| member.user.as_str()).collect::<Vec<_>>(), ["ada", "bob"]);
    }

    async fn c4_one_person_takes_one_seat_however_many_projects(world) {
        let acme = world.acme_on(Plan::seats("team", 1).and_seats("client", Limit::AtMost(0))).await;
        for id in ["red", "blue", "green"] {
            acme.create_group(id, GroupSettings::named(id)).await.unwrap();
            acme.invite("bob@example.com", in_group("member", id)).await.unwrap();
            world.deliver().await;
            world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        }
        assert_eq!(acme.seats_of("team").await, (1, 0));
        let another = acme.invite("eve@example.com", in_group("member", "red")).await;
        refused(another, "no-seat-left", "SEA-1", "seat");
    }

    async fn e1_an_invite_only_group_takes_who_is_invited_and_an_open_one_whoever_is_a_member(world) {
        let acme = world.acme().await;
        world.joins("bob", Grant::role("client")).await;
        acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
        acme.create_group("blue", open("Blue")).await.unwrap();
        acme.create_group("green", GroupSettings::named("Green").by_request_with(Access::role("client"))).await.unwrap();
        let handle = acme.organization();
        refused(handle.join_group("red", person("bob")).await, "group-invite-only", "LNK-6", "invitation");
        refused(handle.join_group("green", person("bob")).await, "group-by-request", "E1", "ask");
        refused(handle.join_group("blue", person("eve")).await, "unknown-member", "STO-2", "");
        handle.join_group("blue", person("bob")).await.unwrap();
        refused(handle.join_group("blue", person("bob")).await, "already-member", "IDN-10", "");
        acme.invite("bob@example.com", in_group("client", "red")).await.unwrap();
        world.deliver().await;
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        assert_eq!(handle.member("bob").await.unwrap().unwrap().grants.scopes().count(), 3);
    }

    async fn e4_managers_of_a_group_see_its_invitations_and_cancel_them_and_no_others(world) {
        let acme = world.acme().await;
        acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
        acme.create_group("blue", GroupSettings::named("Blue")).await.unwrap();
        let manager = world.joins("gus", in_group("admin", "red")).await;
        let ours = manager.invite("bob@example.com", in_group("member", "red")).await.unwrap();
        let theirs = acme.invite("eve@example.com", in_group("member", "blue")).await.unwrap();
        let of = |id: &str| InvitationFilter { group: Some(group(id)), ..InvitationFilter::default() };
        let page = PageRequest::default();
        let seen = manager.invitations(&of("red"), &page).await.unwrap().items;
        let seen = seen.iter().filter(|row| row.invitation.state_at(world.clock_now()) == InvitationState::Pending);
        assert_eq!(seen.map(|row| row.invitation.id).collect::<Vec<_>>(), ours.invitations().collect::<Vec<_>>());
        refused(manager.invitations(&of("blue"), &page).await, "not-permitted", "AUT-1", "ask");
        refused(manager.invitations(&InvitationFilter::default(), &page).await, "not-permitted", "AUT-1", "ask");
        refused(manager.revoke(theirs.invitations().next().unwrap()).await, "not-permitted", "AUT-1", "ask");
        refused(manager.invite("dan@example.com", in_group("member", "blue")).await, "not-permitted", "AUT-1", "ask");
        manager.revoke(ours.invitations().next().unwrap()).await.unwrap();
        assert_eq!(acme.waiting().await, ["eve@example.com"]);
    }

    async fn e4_managers_of_a_group_see_of_its_people_what_lies_in_it(world) {
        let acme = world.acme().await;
        for id in ["red", "blue"] {
            acme.create_group(id, GroupSettings::named(id)).await.unwrap();
        }
        let gus = world.joins("gus", in_group("admin", "red")).await;
        let both = || [Grant::role("client"), in_group("member", "red"), in_group("admin", "blue")];
        let bob = invite::NewMember::new(tests::user("bob"), both()).email(tests::address("bob@example.com"));
        acme.organization().as_system().add_members([bob.metadata("plan", "gold")]).await.unwrap();
        let invite = acme.invite("eve@example.com", both());
        invite.with(|invite| invite.message("The raise is yours").metadata("plan", "gold")).await.unwrap();

        let page = PageRequest::default();
        let pending = Some(InvitationState::Pending);
        let sent = InvitationFilter { group: Some(group("red")), state: pending, ..Default::default() };
        let of = of_group("red");
        let bob = |page: invite::Page<invite::Member>| page.items.into_iter().find(|row| row.user.as_str() == "bob").unwrap();
        let whole = bob(acme.members(&of, &page).await.unwrap());
        assert_eq!((whole.user.as_str(), whole.grants.len(), whole.metadata.len()), ("bob", 3, 1));
        let seen = bob(gus.members(&of, &page).await.unwrap());
        assert_eq!((seen.grants, seen.metadata.len()), (in_group("member", "red").into(), 0));
        assert_eq!((seen.user, seen.email), (whole.user, whole.email), "whom it is about is told");
        let whole = acme.invitations(&sent, &page).await.unwrap().items.remove(0);
        assert_eq!((whole.invitation.grants.len(), whole.invitation.metadata.len()), (3, 1));
        let seen = gus.invitations(&sent, &page).await.unwrap().items.remove(0);
        assert_eq!((seen.invitation.grants, seen.invitation.message), (in_group("member", "red").into(), None));
        assert_eq!((seen.invitation.id, seen.invitation.metadata.len()), (whole.invitation.id, 0));
        assert_eq!(seen.delivery, whole.delivery);
    }

    async fn e4_managers_of_a_group_see_every_state_of_its_invitations(world) {
        let acme = world.acme_on(Plan::seats("team", 5).and_seats("client", Limit::Unlimited)).await;
        acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
        acme.create_group("blue", GroupSettings::named("Blue")).await.unwrap();
        acme.add_members([invite::NewMember::new(tests::user("gus"), in_group("admin", "red"))]).await.unwrap();
        let manager = world.acme_by("gus");
        let soon = Expiry::At(world.clock_now() + TimeDelta::hours(1));
        let late = manager.invite("late@example.com", in_group("client", "red"));
        late.with(|invite| invite.expires_at(soon)).await.unwrap();
        for name in ["open", "glad", "shy", "gone"] {
            manager.invite(format!("{name}@example.com"), in_group("client", "red")).await.unwrap();
        }
        acme.invite("other@example.com", in_group("client", "blue")).await.unwrap();
        world.deliver().await;
        world.invite.accept(&world.token_to("glad@example.com"), person("glad")).await.unwrap();
        world.invite.decline(&world.token_to("shy@example.com"), person("shy")).await.unwrap();
        manager.revoke(acme.entry("gone@example.com").await.0.id).await.unwrap();
        world.pass(TimeDelta::hours(1));
        let (now, page) = (world.clock_now(), PageRequest::default());
        let in_red = |state| InvitationFilter { group: Some(group("red")), state, ..InvitationFilter::default() };
        let listed = async |filter: InvitationFilter| {
            let rows = manager.invitations(&filter, &page).await.unwrap().items.into_iter();
            let rows = rows.map(|row| (row.invitation.invitee.key(), row.invitation.state_at(now)));
            rows.collect::<std::collections::BTreeMap<_, _>>()
        };
        let states = [
            ("open", InvitationState::Pending),
            ("glad", InvitationState::Accepted),
            ("shy", InvitationState::Declined),
            ("late", InvitationState::Expired),
            ("gone", InvitationState::Revoked),
        ];
        let named = states.map(|(name, state)| (Invitee::from(address(&format!("{name}@example.com"))).key(), state));
        for state in InvitationState::ALL {
            let expected = named.iter().filter(|(_, is)| *is == state).cloned().collect();
            assert_eq!(listed(in_red(Some(state))).await, expected, "{state}");
        }
        assert_eq!(listed(in_red(None)).await, named.into_iter().collect(), "all of them at once, by which each stands");
        let every = InvitationFilter { state: Some(InvitationState::Declined), ..InvitationFilter::default() };
        refused(manager.invitations(&every, &page).await, "not-permitted", "AUT-1", "ask");
    }

    async fn e7_the_mail_tells_of_the_community_with_links_that_lead_to_more(world) {
        let acme = world.acme().await;
        let settings = Settings::named("Acme Ltd").described("We sell anvils.").about("https://acme.example/about");
        acme.change_settings(settings).await.unwrap();
        let red = GroupSettings::named("Red").described("We paint.").about("https://red.example/");
        acme.create_group("red", red).await.unwrap();
        acme.invite("bob@example.com", [Grant::role("client"), in_group("member", "red")]).await.unwrap();
        world.deliver().await;
        let mail = world.mail_to("bob@example.com");
        for told in ["Acme Ltd", "We sell anvils.", "Red", "We paint.", "client", "member"] {
            assert!(mail.text.contains(told) && mail.html.contains(told), "{told}: {}", mail.text);
        }
        for page in ["https://acme.example/about", "https://red.example/", &mail.link()] {
            assert!(mail.html.contains(&format!("<a href=\"{page}\"")), "{page}: {}", mail.html);
            assert!(mail.text.contains(page), "{page}: {}", mail.text);
        }
        // What was changed meanwhile is told as it is when the mail goes out.
        acme.change_settings(Settings::named("Acme Ltd").about("https://acme.example/new")).await.unwrap();
        acme.invite("eve@example.com", Grant::role("client")).await.unwrap();
        world.deliver().await;
        let mail = world.mail_to("eve@example.com");
        assert!(mail.html.contains("<a href=\"https://acme.example/new\"") && !mail.html.contains("anvils"));
        let script = Settings::named("Acme Ltd").about("javascript:alert(1)");
        refused(acme.change_settings(script).await, "invalid-settings", "WEB-3", "");
    }

    async fn e7_a_group_has_a_name_a_description_and_a_page_and_whoever_creates_it_manages_it(world) {
        let acme = world.acme().await;
        let creates = Grant::role("client").adding("invite.groups.create");
        let bob = world.acme_by("bob");
        acme.organization().as_system().add_members([invite::NewMember::new(tests::user("bob"), creates)]).await.unwrap();
        let settings = GroupSettings::named("Red").described("We paint.").about("https://red.example/");
        bob.create_group("red", settings.clone()).await.unwrap();
        refused(bob.create_group("red", settings.clone()).await, "group-exists", "CON-3", "another id");
        let row = acme.organization().group("red").await.unwrap().unwrap();
        assert_eq!((&row.settings, row.status), (&settings, GroupStatus::Active));
        bob.change_group("red", GroupSettings::named("Redder")).await.unwrap();
        bob.change_group("red", settings).await.unwrap();
        bob.invite("eve@example.com", in_group("member", "red")).await.unwrap();
        world.deliver().await;
        let mail = world.mail_to("eve@example.com");
        for told in ["Acme Ltd", "Red", "We paint.", "https://red.example/"] {
            assert!(mail.text.contains(told) && mail.html.contains(told), "{told}: {}", mail.text);
        }
        let unknown = acme.invite("dan@example.com", in_group("member", "rde")).await;
        refused(unknown, "unknown-group", "STO-2", "check the group id");
    }

    async fn lif_8_a_group_is_archived_restored_and_closed_with_a_defined_end_lif_10(world) {
        let acme = world.acme().await;
        acme.create_group("red", open("Red")).await.unwrap();
        acme.create_group("blue", open("Blue")).await.unwrap();
        let bob = world.joins("bob", in_group("member", "red")).await;
        acme.invite("eve@example.com", [in_group("member", "red"), in_group("member", "blue")]).await.unwrap();
        acme.invite("fay@example.com", in_group("member", "red")).await.unwrap();
        world.deliver().await;
        acme.archive_group("red").await.unwrap();
        let to_fay = world.token_to("fay@example.com");
        refused(world.invite.accept(&to_fay, person("fay")).await, "group-archived", "LIF-8", "restore");
        acme.restore_group("red").await.unwrap();
        acme.close_group("red").await.unwrap();
        let in_red = Scope::Group(group("red"));
        let theirs = acme.organization().permissions("bob", &in_red).await.unwrap();
        assert_eq!(theirs, [], "at once, before maintenance");
        refused(world.invite.accept(&to_fay, person("fay")).await, "group-closed", "LIF-8", "");
        let accepted = world.invite.accept(&world.token_to("eve@example.com"), person("eve")).await.unwrap();
        assert_eq!(accepted.dropped, [group("red")]);
        let mut steps = 0;
        while acme.organization().maintain(1).await.unwrap().more {
            steps += 1;
            assert!(steps < 20, "maintenance ends");
        }
        assert_eq!(acme.organization().member("bob").await.unwrap(), None);
        assert_eq!(acme.waiting().await, Vec::<String>::new());
        assert!(!bob.may("bob", "posts.create").await.unwrap());
        refused(acme.restore_group("red").await, "group-closed", "LIF-8", "");
        let listed = acme.groups(&Default::default(), &PageRequest::default()).await.unwrap().items;
        let listed = listed.iter().map(|group| (group.id.as_str(), group.status)).collect::<Vec<_>>();
        assert_eq!(listed, [("blue", GroupStatus::Active), ("red", GroupStatus::Closed)]);
    }

    async fn seats_are_told_while_closed_groups_are_not_settled_yet(world) {
        let acme = world.acme().await;
        for id in ["red", "blue", "green"] {
            acme.create_group(id, open(id)).await.unwrap();
            acme.close_group(id).await.unwrap();
        }
        assert_eq!(acme.seats_of("team").await, (0, 0));
    }
}
