//! C. Give people access: what is held in the organization, and losing it.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::{Domain, SuppressionKind};
use invite::{
    Access, Acting, FormerOwner, Grant, Grants, GroupSettings, Mode, NewMember, PageRequest, RemoveMembers,
    Restriction, Scope, TheirInvitations, VerifiedDomain,
};
use tests::{Listed, World, address, code, group, on_every_store, person, refused, user};

/// Makes of a member a second owner.
async fn second_owner(world: &World, name: &str) {
    let offered = world.acme_by("ada").offer_ownership(name, FormerOwner::Stays).await.unwrap();
    world.invite.organization("acme").accept(offered.invitation, person(name)).await.unwrap();
}

fn within(group_id: &str) -> Scope {
    Scope::Group(group(group_id))
}

fn in_group(role: &str, group_id: &str) -> Grant {
    Grant::role(role).in_group(group(group_id))
}

/// Acme with bob, who publishes in red and blue, gus, who manages red alone, and amy, who looks on in red.
async fn in_groups(world: &World) -> Acting {
    let acme = world.acme().await;
    for id in ["red", "blue"] {
        acme.create_group(id, GroupSettings::named(id)).await.unwrap();
    }
    let of =
        |name: &str, grants: Vec<Grant>| NewMember::new(user(name), grants.into_iter().collect::<Grants>());
    let bob = of("bob", vec![in_group("member", "red"), in_group("member", "blue")]);
    let (gus, amy) = (of("gus", vec![in_group("admin", "red")]), of("amy", vec![in_group("client", "red")]));
    acme.organization().as_system().add_members([bob, gus, amy]).await.unwrap();
    acme
}

async fn may_publish(acme: &Acting, group: &str) -> bool {
    acme.organization().may_in("bob", "posts.publish", &within(group)).await.unwrap()
}

on_every_store! {
    async fn c5_unticked_permissions_are_gone_at_once(world) {
        let acme = world.acme().await;
        world.joins("bob", Grant::role("member")).await;
        let partial = Grant::role("member").removing("posts.publish").removing("invite.members.view");
        for (permission, before) in
            [("posts.create", true), ("posts.publish", true), ("invite.members.view", true)]
        {
            assert_eq!(acme.may("bob", permission).await.unwrap(), before, "{permission}");
        }
        acme.change_access("bob", partial).await.unwrap();
        for (permission, after) in
            [("posts.create", true), ("posts.publish", false), ("invite.members.view", false)]
        {
            assert_eq!(acme.may("bob", permission).await.unwrap(), after, "{permission}");
        }
        let looked = world.acme_by("bob").members(&Default::default(), &PageRequest::default()).await;
        refused(looked, "not-permitted", "AUT-1", "ask somebody of role admin, member, owner");
        assert_eq!(acme.seats_of("team").await, (0, 0), "who may not publish takes no team seat");
        assert_eq!(acme.seats_of("client").await, (1, 0));
    }

    async fn c5_access_is_removed_altogether_at_once(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        amy.invite("eve@example.com", Grant::role("member")).await.unwrap();
        assert!(acme.may("amy", "posts.create").await.unwrap());

        acme.remove("amy").await.unwrap();
        assert!(!acme.may("amy", "posts.create").await.unwrap());
        assert_eq!(acme.organization().permissions("amy", &Scope::Organization).await.unwrap(), []);
        assert_eq!(acme.users().await, ["ada"]);
        assert_eq!(world.invite.memberships("amy", &PageRequest::default()).await.unwrap().items, []);
        let invited = amy.invite("dan@example.com", Grant::role("member")).await;
        refused(invited, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        assert_eq!(
            acme.waiting().await,
            ["eve@example.com"],
            "what she sent is kept, unless asked otherwise"
        );

        acme.invite("amy@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        world.invite.accept(&world.token_to("amy@example.com"), person("amy")).await.unwrap();
        assert_eq!(acme.role_of("amy").await.as_deref(), Some("member"), "removed is not blocked");
    }

    async fn c5_what_is_open_for_somebody_who_is_removed_ends_with_it(world) {
        let acme = world.acme().await;
        world.joins("bob", Grant::role("client")).await;
        let offered = acme.offer_ownership("bob", FormerOwner::Stays).await.unwrap();
        world.deliver().await;
        let token = world.token_to("bob@example.com");
        acme.remove("bob").await.unwrap();
        let accepted = world.invite.accept(&token, person("bob")).await;
        refused(accepted, "revoked", "LIF-1", "ask for a new invitation");
        refused(acme.revoke(offered.invitation).await, "revoked", "LIF-1", "ask for a new invitation");
    }

    async fn c5_one_call_settles_what_somebody_sent_aut_5(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        for (choice, left, by, settled) in [
            (TheirInvitations::Keep, vec!["eve@example.com"], Some("amy"), (0, 0)),
            (TheirInvitations::HandOver, vec!["eve@example.com"], Some("ada"), (0, 1)),
            (TheirInvitations::Revoke, vec![], None, (1, 0)),
        ] {
            amy.invite("eve@example.com", Grant::role("member")).await.unwrap();
            let removed = acme.run(RemoveMembers::one(user("amy")).their_invitations(choice)).await.unwrap();
            let done = removed.results[0].settled;
            assert_eq!((done.revoked, done.handed_over), settled, "{choice:?}");
            assert_eq!(acme.waiting().await, left, "{choice:?}");
            for entry in acme.invitations(&Default::default(), &PageRequest::default()).await.unwrap().items {
                if entry.invitation.ended.is_none() {
                    assert_eq!(entry.invitation.inviter.user().map(|user| user.as_str()), by, "{choice:?}");
                    acme.revoke(entry.invitation.id).await.unwrap();
                }
            }
            world.joins("amy", Grant::role("admin")).await;
        }
    }

    async fn c5_a_manager_unticks_in_their_group_alone(world) {
        let acme = in_groups(&world).await;
        let gus = world.acme_by("gus");
        let everything = gus.change_access("bob", in_group("client", "blue")).await;
        refused(everything, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        refused(gus.remove("bob").await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");

        let less = Access::role("member").removing("posts.publish");
        gus.change_access_in("bob", within("red"), less).await.unwrap();
        assert!(!may_publish(&acme, "red").await && may_publish(&acme, "blue").await);
        let raised = gus.change_access_in("bob", within("red"), Access::role("admin").adding("invite.organization.close"));
        refused(raised.await, "not-grantable", "AUT-2", "grant less");
        for (scope, access) in [(within("blue"), None), (Scope::Organization, Some(Access::role("client")))] {
            let elsewhere = gus.change_access_in("bob", scope, access).await;
            refused(elsewhere, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        }
        gus.change_access_in("bob", within("red"), None).await.unwrap();
        assert_eq!(acme.organization().permissions("bob", &within("red")).await.unwrap(), []);
        let only = gus.change_access_in("amy", within("red"), None).await;
        refused(only, "last-grant", "C5", "remove the member");
        gus.remove("amy").await.unwrap();
    }

    async fn c5_unticking_in_red_leaves_blue_untouched_and_the_seat_follows(world) {
        let acme = in_groups(&world).await;
        let blue = acme.organization().member("bob").await.unwrap().unwrap().grants;
        let blue = blue.access(&within("blue")).cloned();
        let seats = async || (acme.seats_of("team").await.0, acme.seats_of("client").await.0);
        assert_eq!(seats().await, (2, 1), "gus and bob, and amy");
        acme.change_access_in("bob", within("blue"), Access::role("client")).await.unwrap();
        assert_eq!(seats().await, (2, 1), "he publishes in red still");
        acme.change_access_in("bob", within("red"), Access::role("client")).await.unwrap();
        assert_eq!(seats().await, (1, 2));
        acme.change_access_in("bob", within("blue"), blue.clone()).await.unwrap();
        assert_eq!(seats().await, (2, 1));
        acme.change_access_in("bob", within("red"), None).await.unwrap();
        let left = acme.organization().member("bob").await.unwrap().unwrap().grants;
        assert_eq!((left.len(), left.access(&within("blue")).cloned()), (1, blue));
        assert_eq!(seats().await, (2, 1));

        acme.change_access_in("bob", Scope::Organization, Access::role("client")).await.unwrap();
        acme.change_access_in("bob", within("red"), Access::role("client")).await.unwrap();
        let (one, other) = tokio::join!(
            acme.change_access_in("bob", within("red"), None).into_future(),
            acme.change_access_in("bob", within("blue"), None).into_future(),
        );
        assert_eq!((code(one), code(other)), ("ok", "ok"));
        let left = acme.organization().member("bob").await.unwrap().unwrap().grants;
        assert_eq!(left, Grant::role("client").into(), "neither undid the other");
    }

    async fn c6_those_with_the_right_remove_others(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let bob = world.joins("bob", Grant::role("member")).await;
        world.joins("cleo", Grant::role("client")).await;
        refused(bob.remove("cleo").await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        amy.remove("cleo").await.unwrap();
        refused(amy.remove("cleo").await, "unknown-member", "STO-2", "check the user id");

        let removed = amy.remove_many([user("bob"), user("ada"), user("eve")]).await.unwrap();
        let codes = removed.results.iter().map(|result| {
            let code = result.refused.as_ref().map(invite::Refusal::code);
            (result.user.as_str(), code)
        });
        let expected = [("bob", None), ("ada", Some("owner-protected")), ("eve", Some("unknown-member"))];
        assert_eq!(codes.collect::<Vec<_>>(), expected, "a result for each");
        assert_eq!(acme.users().await, ["ada", "amy"]);
    }

    async fn c6_nobody_removes_or_changes_an_owner(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let olga = world.joins("olga", Grant::role("member")).await;
        second_owner(&world, "olga").await;
        let system = acme.organization().as_system();
        let (code, rule, remedy) = ("owner-protected", "C6", "the owner steps down or leaves");
        for (who, actor) in [("an admin", &amy), ("another owner", &olga), ("the host", &system)] {
            refused(actor.remove("ada").await, code, rule, remedy);
            refused(actor.change_access("ada", Grant::role("client")).await, code, rule, remedy);
            assert_eq!(acme.role_of("ada").await.as_deref(), Some("owner"), "{who}");
        }
        refused(acme.remove("ada").await, code, rule, remedy);
    }

    async fn c6_an_owner_steps_down_or_leaves_if_another_remains(world) {
        let acme = world.acme().await;
        let olga = world.joins("olga", Grant::role("member")).await;
        let (code, rule, remedy) = ("last-owner", "AUT-8", "offer ownership to another member first");
        refused(acme.leave().await, code, rule, remedy);
        refused(acme.change_access("ada", Grant::role("admin")).await, code, rule, remedy);

        second_owner(&world, "olga").await;
        acme.change_access("ada", Grant::role("admin")).await.unwrap();
        assert_eq!(acme.role_of("ada").await.as_deref(), Some("admin"));
        refused(olga.leave().await, code, rule, remedy);
        acme.leave().await.unwrap();
        assert_eq!(olga.users().await, ["olga"]);
    }

    async fn c6_anybody_but_the_last_owner_leaves_in_one_step(world) {
        let acme = world.acme().await;
        let bob = world.joins("bob", Grant::role("client")).await;
        bob.leave().await.unwrap();
        assert_eq!(acme.users().await, ["ada"]);
        assert!(!acme.may("bob", "posts.view").await.unwrap());
        refused(bob.leave().await, "unknown-member", "STO-2", "check the user id");
    }

    async fn c7_what_was_not_ticked_is_refused_permission_by_permission(world) {
        let acme = world.acme().await;
        let all = [
            "posts.view",
            "posts.create",
            "posts.publish",
            "analytics.view",
            "inbox.manage",
            "accounts.connect",
            "accounts.delete",
        ];
        world.joins("cleo", Grant::role("client").adding("analytics.view").removing("posts.view")).await;
        let held = acme.organization().permissions("cleo", &Scope::Organization).await.unwrap();
        assert_eq!(held, ["accounts.connect".into(), "analytics.view".into()]);
        for permission in all {
            let ticked = ["accounts.connect", "analytics.view"].contains(&permission);
            assert_eq!(acme.may("cleo", permission).await.unwrap(), ticked, "{permission}");
        }
    }

    async fn c7_partial_access_reaches_the_ticked_resources_alone(world) {
        let acme = world.acme().await;
        let only_two = Restriction::only(["lines/1", "lines/2"]);
        let amy = world.joins("amy", Grant::role("admin").restricted("line", only_two)).await;
        let may = async |line: &str| {
            let organization = acme.organization();
            organization.may_with("amy", "posts.create", &Scope::Organization, "line", line).await.unwrap()
        };
        assert!(may("lines/1").await && may("lines/2").await);
        assert!(!may("lines/3").await);

        let wide = amy.invite("bob@example.com", Grant::role("member")).await;
        refused(wide, "not-grantable", "AUT-2", "for each line");
        let one = Grant::role("member").restricted("line", Restriction::only(["lines/1"]));
        amy.invite("bob@example.com", one).await.unwrap();
    }

    async fn c7_what_a_role_can_never_receive_is_refused_on_every_way_in(world) {
        let acme = world.acme().await;
        world.joins("cleo", Grant::role("client")).await;
        let never = || Grant::role("client").adding("accounts.delete");
        let (code, rule, remedy) = ("never-grantable", "B7", "leave the permission out");
        refused(acme.invite("bob@example.com", never()).await, code, rule, remedy);
        refused(acme.change_access("cleo", never()).await, code, rule, remedy);
        acme.create_group("red", GroupSettings::named("Red")).await.unwrap();
        for scope in [Scope::Organization, within("red")] {
            let changed = acme.change_access_in("cleo", scope, never().access().clone()).await;
            refused(changed, code, rule, remedy);
        }
        refused(acme.propose(address("bob@example.com"), never()).await, code, rule, remedy);
        let domain = Domain::parse("example.com").unwrap();
        for joining in [VerifiedDomain::joins(never()), VerifiedDomain::asks(never())] {
            let system = acme.organization().as_system();
            let changed = system.change_verified_domains([(domain.clone(), joining)]).await;
            refused(changed, code, rule, remedy);
        }
        refused(acme.add_members([NewMember::new(user("bob"), never())]).await, code, rule, remedy);
        acme.invite("bob@example.com", Grant::role("client")).await.unwrap();
        let (row, _) = acme.entry("bob@example.com").await;
        refused(acme.edit(row.id, never()).await, code, rule, remedy);
        let stepping_down = FormerOwner::Becomes(Access::role("client").adding("accounts.delete"));
        refused(acme.offer_ownership("cleo", stepping_down).await, code, rule, remedy);
    }

    async fn c7_nobody_may_anything_while_the_organization_is_suspended(world) {
        let acme = world.acme().await;
        world.joins("bob", Grant::role("member")).await;
        acme.suspend().await.unwrap();
        for name in ["ada", "bob"] {
            assert!(!acme.may(name, "posts.view").await.unwrap(), "{name}");
        }
        acme.resume().await.unwrap();
        assert!(acme.may("bob", "posts.view").await.unwrap());
    }

    async fn c7_members_are_added_without_invitation_only_within_the_same_rules(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let bob = world.joins("bob", Grant::role("member")).await;
        let newcomer = |name: &str| NewMember::new(user(name), Grant::role("member"));
        refused(
            bob.add_members([newcomer("eve")]).await,
            "not-permitted",
            "AUT-1",
            "ask somebody of role admin",
        );
        amy.add_members([newcomer("eve"), newcomer("dan")]).await.unwrap();
        let added = amy
            .run(invite::AddMembers::many([newcomer("fay"), newcomer("eve")]).mode(Mode::AllOrNothing))
            .await;
        refused(added, "partly-refused", "SEA-6", "let each be decided for itself");
        assert_eq!(acme.users().await, ["ada", "amy", "bob", "dan", "eve"]);
        assert_eq!(acme.seats_of("team").await, (4, 0));

        acme.invite("gus@example.com", Grant::role("client")).await.unwrap();
        let (row, _) = acme.entry("gus@example.com").await;
        let decline = acme.organization().decline(row.id, person("gus"));
        decline.with(|decline| decline.block(invite::Block::Organization)).await.unwrap();
        let blocked = NewMember::new(user("gus"), Grant::role("client"));
        let added = amy.add_members([blocked.clone().email(tests::address("gus@example.com"))]).await;
        refused(added, "blocked", "F11", "only the invitee can undo it");
        acme.organization().unblock(person("gus"), SuppressionKind::Invitations).await.unwrap();
        amy.add_members([blocked]).await.unwrap();
    }
}
