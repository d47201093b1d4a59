//! B4, B7, B8. What clients reach, what they never receive, and many who go at once.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::{JoinedBy, LinkId, LinkSettings};
use invite::{
    Access, Acting, Grant, GroupSettings, Limit, NewMember, Plan, Refusal, RemoveMembers, RequestState,
    Restriction, Scope, TheirInvitations, Token,
};
use tests::{Listed, World, code, on_every_store, person, refused, token, user};

/// A link with these settings, and its token.
async fn link(acting: &Acting, settings: LinkSettings) -> (LinkId, Token) {
    let id = acting.create_link(settings).await.unwrap().link;
    (id, token(&acting.show_link(id).await.unwrap().reveal()))
}

/// Clients who may connect accounts on these platforms.
fn on(platforms: &[&'static str]) -> Grant {
    Grant::role("client").restricted("platform", Restriction::only(platforms.iter().copied()))
}

fn accounts(grant: Grant, these: &[&'static str]) -> Grant {
    grant.restricted("account", Restriction::only(these.iter().copied()))
}

async fn may(
    world: &World,
    who: &str,
    permission: &'static str,
    kind: &'static str,
    one: &'static str,
) -> bool {
    let acme = world.invite.organization("acme");
    acme.may_with(who, permission, &Scope::Organization, kind, one).await.unwrap()
}

/// What came of each item of a list: the code of its refusal.
fn codes<T, R: Refusal>(results: &[T], refused: impl Fn(&T) -> Option<&R>) -> Vec<Option<&'static str>> {
    results.iter().map(|result| refused(result).map(Refusal::code)).collect()
}

on_every_store! {
    async fn b4_who_joins_connects_accounts_on_the_allowed_platforms_alone(world) {
        let acme = world.acme().await;
        let (id, token) = link(&acme, LinkSettings::new("Clients", on(&["instagram"]))).await;
        world.invite.join(&token, person("bob")).await.unwrap();
        for (permission, platform, expected) in [
            ("accounts.connect", "instagram", true),
            ("accounts.connect", "facebook", false),
            ("accounts.connect", "a platform of tomorrow", false),
            ("posts.view", "instagram", true),
            ("accounts.delete", "instagram", false),
        ] {
            let found = may(&world, "bob", permission, "platform", platform).await;
            assert_eq!(found, expected, "{permission} {platform}");
        }
        acme.edit_link(id, LinkSettings::new("Clients", on(&["instagram", "facebook"]))).await.unwrap();
        world.invite.join(&token, person("eve")).await.unwrap();
        for (who, expected) in [("bob", false), ("eve", true)] {
            assert_eq!(may(&world, who, "accounts.connect", "platform", "facebook").await, expected, "{who}");
        }
        let none = link(&acme, LinkSettings::new("Nothing to connect", on(&[]))).await.1;
        world.invite.join(&none, person("fay")).await.unwrap();
        assert!(!may(&world, "fay", "accounts.connect", "platform", "instagram").await);
    }

    async fn b4_accounts_that_appear_at_run_time_are_reached_by_whom_they_are_meant_for(world) {
        let acme = world.acme().await;
        let some = |these: &[&'static str]| LinkSettings::new("Some", accounts(on(&["instagram"]), these));
        let (id, token) = link(&acme, some(&["instagram-1"])).await;
        let (_, of_all) = link(&acme, LinkSettings::new("All", on(&["instagram"]))).await;
        world.invite.join(&token, person("bob")).await.unwrap();
        world.invite.join(&of_all, person("cat")).await.unwrap();

        // An account of which nobody knew when they joined.
        let reach = async |who: &'static str| may(&world, who, "posts.view", "account", "instagram-9").await;
        assert_eq!((reach("bob").await, reach("cat").await), (false, true));
        let edited = acme.edit_link(id, some(&["instagram-1", "instagram-9"])).await.unwrap();
        world.invite.join(&token, person("eve")).await.unwrap();
        assert_eq!((reach("bob").await, reach("eve").await), (false, true));
        let row = acme.organization().member("eve").await.unwrap().unwrap();
        assert_eq!(row.joined_by, JoinedBy::Link { link: id, revision: edited.revision });
        let wider = accounts(on(&["instagram"]), &["instagram-1", "instagram-9"]);
        acme.change_access("bob", wider).await.unwrap();
        assert!(reach("bob").await);

        // Nobody gives what they do not reach themselves.
        let amy = Grant::role("admin").restricted("account", Restriction::only(["instagram-1"]));
        let amy = world.joins("amy", amy).await;
        refused(amy.edit_link(id, some(&["instagram-9"])).await, "not-grantable", "AUT-2", "");
        refused(amy.switch_link_on(id).await, "not-grantable", "AUT-2", "");
        amy.edit_link(id, some(&["instagram-1"])).await.unwrap();
    }

    async fn b7_no_edit_and_no_approval_gives_what_a_role_never_receives(world) {
        let acme = world.acme().await;
        let never = || Grant::role("client").adding("accounts.delete");
        let settings = || LinkSettings::new("Clients", Grant::role("client")).by_request();
        let (id, token) = link(&acme, settings()).await;
        let edited = acme.edit_link(id, LinkSettings::new("Clients", never()).by_request()).await;
        refused(edited, "never-grantable", "B7", "");
        let bob = world.invite.ask_to_join(&token, person("bob")).await.unwrap().request;
        let approved = acme.approve(bob).with(|approve| approve.granting(never())).await;
        refused(approved, "never-grantable", "B7", "");
        let row = acme.organization().request(bob).await.unwrap().unwrap();
        assert_eq!((row.state_at(world.clock_now()), row.grants), (RequestState::Pending, Grant::role("client").into()));
        let access = || Access::role("client").adding("accounts.delete");
        for settings in [GroupSettings::named("Red").open_with(access()), GroupSettings::named("Red").by_request_with(access())] {
            refused(acme.create_group("red", settings).await, "never-grantable", "B7", "");
        }
        acme.approve(bob).await.unwrap();
        let acme = acme.organization();
        assert!(acme.may("bob", "accounts.connect").await.unwrap());
        assert!(!acme.may("bob", "accounts.delete").await.unwrap());
    }

    async fn b8_many_are_removed_with_a_result_for_each(world) {
        let clients = |n: usize| (0..n).map(|n| NewMember::new(user(&format!("client-{n}")), Grant::role("client")));
        let plan = Plan::seats("team", 9).and_seats("client", Limit::AtMost(30));
        let acme = world.acme_on(plan).await;
        acme.add_members(clients(30)).await.unwrap();
        let amy = world.joins("amy", Grant::role("admin")).await;
        for (name, role) in [("bob", "member"), ("eve", "admin"), ("mia", "member")] {
            world.joins(name, Grant::role(role)).await;
        }
        let eve = world.acme_by("eve");
        eve.invite("fay@example.com", Grant::role("member")).await.unwrap();
        link(&eve, LinkSettings::new("Clients", Grant::role("client"))).await;

        // By an admin: each that can go is gone, and what stands in the way of the others is told.
        let list = ["bob", "ada", "nobody", "eve"].map(user);
        let remove = RemoveMembers::many(list).their_invitations(TheirInvitations::Revoke);
        let removed = amy.run(remove).await.unwrap().results;
        assert_eq!(removed.iter().map(|one| one.user.as_str()).collect::<Vec<_>>(), ["bob", "ada", "nobody", "eve"]);
        let expected = [None, Some("owner-protected"), Some("unknown-member"), None];
        assert_eq!(codes(&removed, |one| one.refused.as_ref()), expected);
        assert_eq!((removed[3].settled.revoked, removed[3].settled.links_ended), (1, 1));
        assert_eq!((acme.waiting().await, acme.seats_of("team").await), (vec![], (2, 0)));
        for gone in ["bob", "eve"] {
            assert_eq!(acme.organization().member(gone).await.unwrap(), None);
            assert!(!acme.may(gone, "posts.view").await.unwrap());
        }

        // By the owner, any number at once; by whoever may not, none.
        let all = || (0..30).map(|n| user(&format!("client-{n}")));
        let mia = world.acme_by("mia").remove_many(all()).await.unwrap().results;
        assert_eq!(codes(&mia, |one| one.refused.as_ref()), [Some("not-permitted"); 30]);
        let removed = acme.remove_many(all().chain([user("amy"), user("ada")])).await.unwrap().results;
        let refusals = codes(&removed, |one| one.refused.as_ref());
        assert_eq!((refusals.len(), &refusals[..31], refusals[31]), (32, &[None; 31][..], Some("owner-protected")));
        assert_eq!(acme.users().await, ["ada", "mia"]);
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((1, 0), (0, 0)));
        let kinds = acme.history().await;
        assert_eq!(kinds.iter().filter(|kind| *kind == "member-removed").count(), 33);
        assert_eq!(code(acme.remove_many([]).await), "nothing-asked");
    }
}
