//! B. Let clients join through a link.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use chrono::TimeDelta;
use invite::core::{JoinedBy, LinkId, LinkSettings, LinkState};
use invite::{
    Access, AccessModel, Acting, DomainRule, DomainRules, Grant, GroupSettings, Limit, LinkFilter,
    MemberFilter, Next, PageRequest, Plan, PreviewStatus, Principal, Restriction, Role, Settings, Token,
};
use tests::{Listed, group, newcomer, on_every_store, person, refused, token, user};

/// What clients get by a link, as in a product for agencies.
fn client() -> Grant {
    Grant::role("client").restricted("account", Restriction::only(["instagram-1", "facebook-2"]))
}

fn clients() -> LinkSettings {
    LinkSettings::new("Clients", client())
}

async fn token_of(acting: &Acting, link: LinkId) -> Token {
    token(&acting.show_link(link).await.unwrap().reveal())
}

/// A link with these settings, and its token.
async fn link(acting: &Acting, settings: LinkSettings) -> (LinkId, Token) {
    let id = acting.create_link(settings).await.unwrap().link;
    (id, token_of(acting, id).await)
}

on_every_store! {
    async fn b1_managers_of_a_group_list_and_show_the_links_into_it_and_no_others(world) {
        let acme = world.acme().await;
        for id in ["red", "blue"] {
            acme.create_group(id, GroupSettings::named(id).by_request_with(Access::role("client"))).await.unwrap();
        }
        let in_group = |role: &str, id: &str| Grant::role(role.to_owned()).in_group(group(id));
        let gus = world.joins("gus", in_group("admin", "red")).await;
        let mia = world.joins("mia", Grant::role("member")).await;
        let ours = gus.create_link(LinkSettings::new("Ours", in_group("client", "red"))).await.unwrap().link;
        let both = LinkSettings::new("Both", [in_group("client", "red"), in_group("client", "blue")]);
        let both = acme.create_link(both).await.unwrap().link;
        acme.create_link(LinkSettings::new("Blue", in_group("client", "blue"))).await.unwrap();

        let page = PageRequest::default();
        let of = |id: &str| LinkFilter { group: Some(group(id)), ..LinkFilter::default() };
        let seen = gus.links(&of("red"), &page).await.unwrap().items;
        let ids = seen.iter().map(|row| row.id).collect::<BTreeSet<_>>();
        assert_eq!(ids, BTreeSet::from([ours, both]));
        assert!(seen.iter().all(|row| *row.settings.grants() == in_group("client", "red").into()));
        assert_eq!(acme.links(&of("red"), &page).await.unwrap().items.iter().map(|row| row.settings.grants().len()).sum::<usize>(), 3);
        let by_gus = LinkFilter { creator: Some(user("gus")), ..of("red") };
        assert_eq!(acme.links(&by_gus, &page).await.unwrap().items.len(), 1);
        for (who, filter) in [(&gus, of("blue")), (&gus, LinkFilter::default()), (&mia, of("red")), (&mia, LinkFilter::default())] {
            refused(who.links(&filter, &page).await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        }
        gus.show_link(ours).await.unwrap();
        refused(gus.show_link(both).await, "not-permitted", "AUT-1", "ask");
    }

    async fn b1_there_are_several_links_with_names_and_each_is_shown_again_to_those_who_may_see_it(world) {
        let acme = world.acme().await;
        let admin = world.joins("amy", Grant::role("admin")).await;
        let (one, token_of_one) = link(&acme, clients()).await;
        world.pass(TimeDelta::seconds(1));
        let (other, _) = link(&admin, LinkSettings::new("Partners", Grant::role("client"))).await;
        let page = acme.links(&Default::default(), &PageRequest::default()).await.unwrap();
        let names = page.items.iter().map(|link| link.settings.name()).collect::<Vec<_>>();
        assert_eq!(names, ["Partners", "Clients"]);
        assert_ne!(one, other);

        world.pass(TimeDelta::days(400));
        assert_eq!(token_of(&admin, one).await.reveal(), token_of_one.reveal());
        let member = world.joins("bob", Grant::role("member")).await;
        refused(member.show_link(one).await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        refused(member.create_link(clients()).await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
    }

    async fn b2_a_link_is_switched_off_and_on_and_is_open_for_a_period_only(world) {
        let acme = world.acme().await;
        let (opens, closes) = (world.clock_now() + TimeDelta::days(1), world.clock_now() + TimeDelta::days(2));
        let (id, token) = link(&acme, clients().opens_at(opens).closes_at(closes)).await;
        let join = |name: &str| world.invite.join(&token, person(name));
        refused(join("bob").await, "link-not-yet", "LNK-4", "later");
        let until = |at| at - world.clock_now();
        world.pass(until(opens - TimeDelta::microseconds(1)));
        refused(join("bob").await, "link-not-yet", "LNK-4", "later");
        let shown = async || {
            let seen = world.invite.preview(&token, Some(person("bob"))).await.unwrap();
            (seen.status, seen.next, seen.starts_at)
        };
        assert_eq!(shown().await, (PreviewStatus::NotYet, Next::Wait, Some(opens)), "they may come again");
        world.pass(until(opens));
        assert_eq!(shown().await, (PreviewStatus::Open, Next::Join, None));
        join("bob").await.unwrap();
        acme.switch_link_off(id).await.unwrap();
        refused(join("eve").await, "link-off", "LNK-4", "another");
        acme.switch_link_on(id).await.unwrap();
        world.pass(until(closes - TimeDelta::microseconds(1)));
        join("eve").await.unwrap();
        world.pass(until(closes));
        refused(join("fay").await, "link-over", "LNK-4", "another");
        acme.switch_link_on(id).await.unwrap();
        refused(join("fay").await, "link-over", "LNK-4", "another");
    }

    async fn b3_a_refreshed_link_is_dead_for_good_lnk_4(world) {
        let acme = world.acme().await;
        let (id, old) = link(&acme, clients()).await;
        acme.refresh_link(id).await.unwrap();
        let new = token_of(&acme, id).await;
        assert_ne!(old.reveal(), new.reveal());
        refused(world.invite.join(&old, person("bob")).await, "superseded", "LIF-2", "");
        acme.switch_link_off(id).await.unwrap();
        acme.switch_link_on(id).await.unwrap();
        refused(world.invite.join(&old, person("bob")).await, "superseded", "LIF-2", "");
        world.invite.join(&new, person("bob")).await.unwrap();
        assert_eq!(world.invite.preview(&old, None).await.unwrap().status, PreviewStatus::Superseded);
    }

    async fn b4_who_joins_gets_the_role_the_permissions_and_the_accounts_of_the_link(world) {
        let acme = world.acme().await;
        let access = client().adding("analytics.view");
        let (_, token) = link(&acme, LinkSettings::new("Clients", access)).await;
        let joined = world.invite.join(&token, newcomer("bob")).await.unwrap();
        assert_eq!((joined.user.as_str(), joined.revision), ("bob", 0));
        let handle = acme.organization();
        for (permission, account, may) in [
            ("posts.view", "instagram-1", true),
            ("analytics.view", "facebook-2", true),
            ("posts.view", "youtube-3", false),
            ("posts.publish", "instagram-1", false),
        ] {
            let scope = invite::Scope::Organization;
            let found = handle.may_with("bob", permission, &scope, "account", account).await.unwrap();
            assert_eq!(found, may, "{permission} {account}");
        }
    }

    async fn b5_editing_a_link_changes_later_joiners_only_and_each_is_on_record_with_a_revision_lif_13(world) {
        let acme = world.acme().await;
        let (id, token) = link(&acme, clients()).await;
        world.invite.join(&token, person("bob")).await.unwrap();
        let wider = LinkSettings::new("Clients", client().adding("analytics.view"));
        assert_eq!(acme.edit_link(id, wider).await.unwrap().revision, 1);
        world.invite.join(&token, person("eve")).await.unwrap();
        assert!(!acme.may("bob", "analytics.view").await.unwrap());
        assert!(acme.may("eve", "analytics.view").await.unwrap());
        let by_link = MemberFilter { link: Some(id), ..MemberFilter::default() };
        let joined = acme.members(&by_link, &PageRequest::default()).await.unwrap().items;
        let joined = joined.iter().map(|member| (member.user.as_str(), member.joined_by.clone())).collect::<Vec<_>>();
        let by = |revision| JoinedBy::Link { link: id, revision };
        assert_eq!(joined, [("bob", by(0)), ("eve", by(1))]);
        // What bob joined under stands in the log: the settings of the revision before.
        let events = acme.events(0, 100).await.unwrap();
        let edited = events.iter().find(|event| event.kind == "link-edited").unwrap();
        let data: serde_json::Value = serde_json::from_str(&edited.data).unwrap();
        let revision = |side: &str| {
            let link = &data[side];
            let settings: LinkSettings = serde_json::from_value(link["settings"].clone()).unwrap();
            (link["revision"].as_u64().unwrap(), settings.grants().clone())
        };
        assert_eq!(edited.link, Some(id));
        assert_eq!(revision("before"), (0, client().into()));
        assert_eq!(revision("after"), (1, client().adding("analytics.view").into()));
    }

    async fn b6_seats_follow_permissions_however_somebody_comes(world) {
        let acme = world.acme_on(Plan::seats("team", 5).and_seats("client", Limit::Unlimited)).await;
        let (_, viewers) = link(&acme, clients()).await;
        let (_, publishers) = link(&acme, LinkSettings::new("Publishers", client().adding("posts.publish"))).await;
        for name in ["bob", "cat", "dan"] {
            world.invite.join(&publishers, person(name)).await.unwrap();
        }
        world.joins("eve", Grant::role("member")).await;
        world.invite.join(&viewers, person("fay")).await.unwrap();
        acme.change_access("fay", client().adding("posts.publish")).await.unwrap();
        assert_eq!(acme.seats_of("team").await, (5, 0));

        refused(world.invite.join(&publishers, person("gus")).await, "no-seat-left", "SEA-1", "seat");
        refused(acme.invite("gus@example.com", Grant::role("member")).await, "no-seat-left", "SEA-1", "seat");
        world.invite.join(&viewers, person("gus")).await.unwrap();
        let promoted = acme.change_access("gus", client().adding("posts.publish")).await;
        refused(promoted, "no-seat-left", "SEA-1", "seat");
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((5, 0), (1, 0)));
    }

    async fn b7_what_a_role_never_receives_no_link_gives_and_who_joined_leaves(world) {
        let acme = world.acme().await;
        let own = ["posts.view", "accounts.connect", "accounts.disconnect", "accounts.delete"];
        let model = AccessModel::builder()
            .permissions(own)
            .resource_kinds(["account"])
            .role(Role::new("admin").with(own).may_grant(["client"]))
            .role(
                Role::new("client")
                    .with(["posts.view", "accounts.connect"])
                    .never(["accounts.disconnect", "accounts.delete"]),
            )
            .seat("client", [] as [&str; 0]);
        let agency = world.remodelled(model.build().unwrap());
        for permission in ["accounts.disconnect", "accounts.delete"] {
            let settings = LinkSettings::new("All", client().adding(permission));
            let never = agency.acme_by("ada").create_link(settings).await;
            refused(never, "never-grantable", "B7", "");
        }
        let (_, token) = link(&acme, clients()).await;
        world.invite.join(&token, person("bob")).await.unwrap();
        assert!(acme.may("bob", "accounts.connect").await.unwrap());
        world.acme_by("bob").leave().await.unwrap();
        assert!(!acme.may("bob", "accounts.connect").await.unwrap());
        world.invite.join(&token, person("bob")).await.unwrap();
    }

    async fn b7_what_somebody_connected_stays_when_they_are_removed(world) {
        let acme = world.acme().await;
        let (id, token) = link(&acme, clients()).await;
        world.invite.join(&token, person("bob")).await.unwrap();
        world.invite.join(&token, person("eve")).await.unwrap();
        // The host lets whoever joins, and eve, reach the account that bob connected.
        let connected = || Grant::role("client").restricted("account", Restriction::only(["of-bob"]));
        acme.edit_link(id, LinkSettings::new("Clients", connected())).await.unwrap();
        acme.change_access("eve", connected()).await.unwrap();
        acme.change_access("bob", connected()).await.unwrap();
        let settings = async || acme.organization().link(id).await.unwrap().unwrap().settings;
        let before = settings().await;
        let reaches = async |who: &str| {
            let scope = invite::Scope::Organization;
            acme.organization().may_with(who, "posts.view", &scope, "account", "of-bob").await.unwrap()
        };
        assert!(reaches("bob").await && reaches("eve").await);
        acme.remove("bob").await.unwrap();
        assert!(!reaches("bob").await && reaches("eve").await);
        assert_eq!(settings().await, before);
        world.invite.join(&token, person("fay")).await.unwrap();
        assert!(reaches("fay").await);
    }

    async fn con_4_as_many_join_as_may_and_no_more_at_once_too(world) {
        let acme = world.acme_on(Plan::seats("team", 1).and_seats("client", Limit::Unlimited)).await;
        let (id, token) = link(&acme, clients().max_uses(10)).await;
        let processes = [world.clone(), world.another_process()];
        let joins = (0..40).map(|n| {
            let (service, token) = (processes[n % 2].invite.clone(), token.clone());
            tokio::spawn(async move { service.join(&token, person(&format!("user{n}"))).await.is_ok() })
        });
        let mut joined = 0;
        for join in joins.collect::<Vec<_>>() {
            joined += usize::from(join.await.unwrap());
        }
        assert_eq!(joined, 10);
        let row = acme.links(&Default::default(), &PageRequest::default()).await.unwrap().items.remove(0);
        assert_eq!((row.id, row.uses, row.state_at(world.clock_now())), (id, 10, LinkState::UsedUp));
        refused(world.invite.join(&token, person("zoe")).await, "link-used-up", "LNK-4", "another");
    }

    async fn lnk_6_a_domain_rule_or_an_invite_only_group_holds_for_links_that_exist(world) {
        let acme = world.acme().await;
        acme.create_group("red", invite::GroupSettings::named("Red").open_with(invite::Access::role("client"))).await.unwrap();
        let red = Grant::role("client").in_group(group("red"));
        let (_, token) = link(&acme, LinkSettings::new("Red", red)).await;
        world.invite.join(&token, person("bob")).await.unwrap();

        let rules = DomainRules::new().allow(DomainRule::parse("work.example").unwrap());
        acme.change_settings(Settings::named("Acme Ltd").domains(rules)).await.unwrap();
        refused(world.invite.join(&token, person("eve")).await, "domain-not-allowed", "IDN-8", "");
        refused(world.invite.join(&token, newcomer("eve")).await, "address-needed", "IDN-8", "verify");
        let eve = Principal::user("eve").vouched("eve@work.example");
        world.invite.join(&token, eve).await.unwrap();
        acme.change_settings(Settings::named("Acme Ltd")).await.unwrap();

        acme.change_group("red", invite::GroupSettings::named("Red")).await.unwrap();
        refused(world.invite.join(&token, person("fay")).await, "group-invite-only", "LNK-6", "invitation");
    }

    async fn f2_a_link_belongs_to_the_organization_unless_the_model_says_otherwise_aut_4(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let (_, token) = link(&amy, clients()).await;
        acme.change_access("amy", Grant::role("client")).await.unwrap();
        world.invite.join(&token, person("bob")).await.unwrap();
        let strict = AccessModel::builder()
            .permissions(["posts.view"])
            .resource_kinds(["account"])
            .role(Role::new("admin").with(["posts.view"]).may_grant(["client"]))
            .role(Role::new("client").with(["posts.view"]))
            .seat("client", [] as [&str; 0])
            .link_policy(invite::InviterPolicy::Strict);
        let world = world.remodelled(strict.build().unwrap());
        refused(world.invite.join(&token, person("eve")).await, "inviter-no-longer-may", "AUT-4", "ask");
    }

    async fn f9_a_link_is_looked_at_without_being_used_lnk_1(world) {
        let acme = world.acme().await;
        let (id, token) = link(&acme, clients().max_uses(1)).await;
        for _ in 0..3 {
            let seen = world.invite.preview(&token, None).await.unwrap();
            assert_eq!((seen.status, seen.next, seen.link), (PreviewStatus::Open, Next::SignIn, Some(id)));
        }
        let bob = person("bob");
        assert_eq!(world.invite.preview(&token, Some(bob.clone())).await.unwrap().next, Next::Join);
        world.invite.join(&token, bob.clone()).await.unwrap();
        assert_eq!(world.invite.preview(&token, Some(bob.clone())).await.unwrap().next, Next::AlreadyMember);
        assert_eq!(world.invite.preview(&token, None).await.unwrap().status, PreviewStatus::UsedUp);
        refused(world.invite.join(&token, bob).await, "link-used-up", "LNK-4", "");
    }

    async fn aut_5_what_becomes_of_the_links_of_somebody_who_goes_is_chosen_and_counted(world) {
        let acme = world.acme().await;
        for (name, choice, works) in [
            ("amy", invite::TheirInvitations::Keep, true),
            ("bea", invite::TheirInvitations::Revoke, false),
            ("cat", invite::TheirInvitations::HandOver, true),
        ] {
            let admin = world.joins(name, Grant::role("admin")).await;
            let (_, token) = link(&admin, clients()).await;
            let remove = invite::RemoveMembers::one(user(name)).their_invitations(choice);
            let removed = acme.run(remove).await.unwrap();
            let settled = removed.results[0].settled;
            let expected = match choice {
                invite::TheirInvitations::Revoke => (1, 0),
                invite::TheirInvitations::HandOver => (0, 1),
                _ => (0, 0),
            };
            assert_eq!((settled.links_ended, settled.links_handed_over), expected, "{name}");
            let who = person(&format!("by-{name}"));
            assert_eq!(world.invite.join(&token, who).await.is_ok(), works, "{name}");
        }
    }
}
