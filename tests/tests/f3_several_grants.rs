//! F3. One invitation grants access to the organization and several groups at once: accepted in one commit or not at all,
//! whichever of the grants is in the way.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::InviterPolicy;
use invite::{AccessModel, Acting, Grant, Grants, GroupSettings, Limit, Plan, Restriction, Role, SeatPolicy};
use tests::{Listed, World, code, group, newcomer, on_every_store, person, refused};

/// Leads invite; a scribe only writes, and takes the only seat that is scarce.
fn model() -> AccessModel {
    AccessModel::builder()
        .permissions(["posts.view", "posts.write"])
        .resource_kinds(["product"])
        .role(Role::new("lead").with(["posts.view", "invite.members.invite"]).may_grant(["reader", "scribe"]))
        .role(Role::new("reader").with(["posts.view"]).never(["posts.write"]))
        .role(Role::new("scribe").with(["posts.view", "posts.write"]))
        .seat("writing", ["posts.write"])
        .seat("reading", [] as [&str; 0])
        .inviter_policy(InviterPolicy::Strict)
        .build()
        .unwrap()
}

fn plan(writing: u32) -> Plan {
    let plan = Plan::seats("writing", writing).and_seats("reading", Limit::Unlimited);
    plan.entitled("product", Restriction::only(["texting"])).seat_policy(SeatPolicy::TakeOnAccept)
}

const SCOPES: [Option<&str>; 3] = [None, Some("red"), Some("blue")];

fn in_place(grant: Grant, place: Option<&str>) -> Grant {
    match place {
        Some(id) => grant.in_group(group(id)),
        None => grant,
    }
}

fn everywhere(role: &'static str, places: &[Option<&str>]) -> Grants {
    places.iter().map(|place| in_place(Grant::role(role), *place)).collect()
}

/// Everywhere as a reader, but at one place as said there.
fn all_with(at: usize, grant: Grant) -> Grants {
    let mut grants = everywhere("reader", &SCOPES);
    grants.set(in_place(grant, SCOPES[at]));
    grants
}

async fn acme(world: &World) -> Acting {
    let acme = world.acme_on(plan(1)).await;
    for id in ["red", "blue"] {
        acme.create_group(id, GroupSettings::named(id)).await.unwrap();
    }
    acme
}

/// Invites somebody, who accepts in vain, and nothing is left of it; once it is mended they get all of it.
async fn all_or_nothing(
    world: &World,
    acme: &Acting,
    grants: Grants,
    expected: &str,
    mend: impl AsyncFnOnce(),
) {
    world.deliver().await;
    let (token, handle) = (world.token_to("bob@example.com"), acme.organization());
    let before = (acme.history().await, acme.seats_of("reading").await, handle.get().await.unwrap());
    assert_eq!(code(world.invite.accept(&token, person("bob")).await), expected);
    assert_eq!(handle.member("bob").await.unwrap(), None);
    let after = (acme.history().await, acme.seats_of("reading").await, handle.get().await.unwrap());
    assert_eq!(after, before, "{expected} leaves no trace");
    mend().await;
    let version = handle.get().await.unwrap().version;
    let accepted = world.invite.accept(&token, person("bob")).await.unwrap();
    assert_eq!((accepted.grants, accepted.dropped), (grants.clone(), Vec::new()), "{expected}");
    for scope in grants.scopes() {
        assert!(handle.may_in("bob", "posts.view", scope).await.unwrap(), "{expected}: {scope}");
    }
    let events = handle.events(version, 100).await.unwrap();
    let commits = events.iter().map(|event| event.commit).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(commits.len(), 1, "{expected}: {events:?}");
    acme.remove("bob").await.unwrap();
}

on_every_store! {
    async fn f3_an_invitation_with_one_grant_that_is_refused_is_not_made(world) {
        let world = World::with_model(world.store, model());
        let acme = acme(&world).await;
        let before = acme.history().await;
        let products = |these: &'static str| Grant::role("reader").restricted("product", Restriction::only([these]));
        for (at, place) in SCOPES.iter().enumerate() {
            let past = Grant::role("reader").until(world.clock_now());
            for (grant, expected) in [
                (Grant::role("boss"), "unknown-role"),
                (Grant::role("owner"), "unknown-role"),
                (Grant::role("reader").adding("posts.burn"), "unknown-permission"),
                (Grant::role("reader").adding("posts.write"), "never-grantable"),
                (products("phone"), "not-entitled"),
                (past, "invalid-end"),
            ] {
                let invited = acme.invite("bob@example.com", all_with(at, grant)).await;
                assert_eq!(code(invited), expected, "at {place:?}");
            }
        }
        let elsewhere = everywhere("reader", &[None, Some("red"), Some("nowhere")]);
        refused(acme.invite("bob@example.com", elsewhere).await, "unknown-group", "STO-2", "group");
        // Who may grant in some of the places, and not in all of them.
        let lead = everywhere("lead", &SCOPES[1..]);
        let system = acme.organization().as_system();
        system.add_members([invite::NewMember::new(tests::user("lea"), lead)]).await.unwrap();
        let lea = world.acme_by("lea").invite("bob@example.com", everywhere("reader", &SCOPES)).await;
        refused(lea, "not-permitted", "AUT-1", "ask");
        assert_eq!(acme.history().await.len(), before.len() + 1, "nothing but that lea joined");
        assert_eq!(acme.waiting().await, [""; 0]);
    }

    async fn f3_an_acceptance_that_is_refused_for_one_grant_gives_none_of_them(world) {
        let world = World::with_model(world.store, model());
        let acme = acme(&world).await;
        let system = acme.organization().as_system();
        let scribe = invite::NewMember::new(tests::user("sam"), Grant::role("scribe"));
        for (at, place) in SCOPES.iter().enumerate() {
            // A seat that only this grant needs.
            system.add_members([scribe.clone()]).await.unwrap();
            let grants = all_with(at, Grant::role("scribe"));
            acme.invite("bob@example.com", grants.clone()).await.unwrap();
            let mend = async || {
                system.remove("sam").await.unwrap();
            };
            all_or_nothing(&world, &acme, grants, "no-seat-left", mend).await;

            // A product that only this grant names.
            let grants = all_with(at, Grant::role("reader").restricted("product", Restriction::only(["texting"])));
            acme.invite("bob@example.com", grants.clone()).await.unwrap();
            let without = plan(1).entitled("product", Restriction::only(["phone"]));
            system.change_plan(without).await.unwrap();
            let mend = async || {
                system.change_plan(plan(1)).await.unwrap();
            };
            all_or_nothing(&world, &acme, grants, "no-longer-available", mend).await;

            // A place where the inviter may invite no more. Whoever leads the organization leads everywhere in it.
            let places = if at == 0 { &SCOPES[..] } else { &SCOPES[1..] };
            let left = places.iter().copied().filter(|other| other != place).collect::<Vec<_>>();
            let lea = invite::NewMember::new(tests::user("lea"), everywhere("lead", places));
            system.add_members([lea]).await.unwrap();
            let grants = everywhere("reader", places);
            world.acme_by("lea").invite("bob@example.com", grants.clone()).await.unwrap();
            acme.change_access("lea", everywhere("lead", &left)).await.unwrap();
            let mend = async || {
                acme.change_access("lea", everywhere("lead", places)).await.unwrap();
            };
            all_or_nothing(&world, &acme, grants, "inviter-no-longer-may", mend).await;
            system.remove("lea").await.unwrap();
        }
    }

    async fn f3_an_archived_group_is_in_the_way_of_the_others_and_a_closed_one_is_left_out_lif_10(world) {
        let world = World::with_model(world.store, model());
        let acme = acme(&world).await;
        for id in ["red", "blue"] {
            let grants = everywhere("reader", &SCOPES);
            acme.invite("bob@example.com", grants.clone()).await.unwrap();
            world.deliver().await;
            acme.archive_group(id).await.unwrap();
            let mend = async || {
                acme.restore_group(id).await.unwrap();
            };
            all_or_nothing(&world, &acme, grants, "group-archived", mend).await;
        }
        acme.invite("bob@example.com", everywhere("reader", &SCOPES)).await.unwrap();
        world.deliver().await;
        acme.close_group("red").await.unwrap();
        let accepted = world.invite.accept(&world.token_to("bob@example.com"), newcomer("bob")).await.unwrap();
        assert_eq!(accepted.dropped, [group("red")]);
        assert_eq!(accepted.grants.scopes().count(), 2);
    }
}
