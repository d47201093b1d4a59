//! LIF-8 and LIF-10: what becomes of links and requests when a group or an organization is closed.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::core::{Access, LinkEnding, LinkId, LinkSettings};
use invite::{
    Acting, Grant, GroupSettings, LinkState, OrganizationStatus, PageRequest, Permission, PreviewStatus,
    RequestId, RequestState, TheirInvitations, Token,
};
use tests::{Listed, World, address, code, group, on_every_store, person, refused, token};

/// A link with these settings, and its token.
async fn link(acting: &Acting, settings: LinkSettings) -> (LinkId, Token) {
    let id = acting.create_link(settings).await.unwrap().link;
    (id, token(&acting.show_link(id).await.unwrap().reveal()))
}

fn client() -> Grant {
    Grant::role("client")
}

fn red() -> Grant {
    client().in_group(group("red"))
}

/// Runs maintenance a row at a time until there is no more.
async fn maintain(acme: &Acting) {
    let mut steps = 0;
    while acme.organization().maintain(1).await.unwrap().more {
        steps += 1;
        assert!(steps < 50, "maintenance ends");
    }
}

/// Proposes a hundred people: as many as are taken back in one step.
async fn propose_many(acting: &Acting) {
    for n in 0..100 {
        acting.propose(address(&format!("{n}@example.com")), client()).await.unwrap();
    }
}

async fn state_of(acme: &Acting, id: RequestId, world: &World) -> RequestState {
    acme.organization().request(id).await.unwrap().unwrap().state_at(world.clock_now())
}

on_every_store! {
    async fn lif_10_a_link_that_names_a_closed_group_ends_or_goes_on_without_it(world) {
        let acme = world.acme().await;
        let by_request = GroupSettings::named("Red").by_request_with(Access::role("client"));
        acme.create_group("red", by_request).await.unwrap();
        let (only, of_red) = link(&acme, LinkSettings::new("Red", red())).await;
        let (both, of_both) = link(&acme, LinkSettings::new("Both", [client(), red()])).await;
        world.invite.join(&of_both, person("bob")).await.unwrap();
        acme.close_group("red").await.unwrap();

        // Before anything is written down, and after.
        refused(world.invite.join(&of_red, person("eve")).await, "group-closed", "LIF-8", "");
        assert_eq!(world.invite.preview(&of_red, None).await.unwrap().status, PreviewStatus::NoLongerValid);
        assert_eq!(world.invite.join(&of_both, person("eve")).await.unwrap().dropped, [group("red")]);
        maintain(&acme).await;
        refused(world.invite.join(&of_red, person("fay")).await, "link-ended", "LNK-4", "another");
        let row = acme.organization().link(only).await.unwrap().unwrap();
        assert_eq!(row.ended.map(|(ending, _)| ending), Some(LinkEnding::GroupClosed));
        let row = acme.organization().link(both).await.unwrap().unwrap();
        assert_eq!((row.settings.grants(), row.revision, row.uses), (&client().into(), 1, 2));
        assert_eq!(world.invite.join(&of_both, person("fay")).await.unwrap().dropped, []);
        for who in ["bob", "eve", "fay"] {
            let row = acme.organization().member(who).await.unwrap().unwrap();
            assert_eq!(row.grants, client().into(), "{who}");
        }
        refused(acme.create_link(LinkSettings::new("Red", red())).await, "group-closed", "LIF-8", "");
        refused(acme.edit_link(both, LinkSettings::new("Both", [client(), red()])).await, "group-closed", "LIF-8", "");
    }

    async fn lif_10_a_request_that_names_a_closed_group_alone_is_not_approved_any_more(world) {
        let acme = world.acme().await;
        let by_request = || GroupSettings::named("Red").by_request_with(Access::role("client"));
        acme.create_group("red", by_request()).await.unwrap();
        acme.create_group("blue", by_request()).await.unwrap();
        for name in ["bob", "eve"] {
            world.joins(name, client()).await;
        }
        let ask = async |id: &str, who: &str| {
            acme.organization().ask_for_group(id, person(who)).await.unwrap().request
        };
        let (bob, eve, blue) = (ask("red", "bob").await, ask("red", "eve").await, ask("blue", "bob").await);
        acme.close_group("red").await.unwrap();
        refused(acme.approve(bob).await, "group-closed", "LIF-8", "");
        refused(acme.organization().ask_for_group("red", person("bob")).await, "group-closed", "LIF-8", "");
        maintain(&acme).await;
        for id in [bob, eve] {
            assert_eq!(state_of(&acme, id, &world).await, RequestState::Settled);
            refused(acme.approve(id).await, "request-settled", "LIF-1", "nothing to do");
        }
        assert_eq!(state_of(&acme, blue, &world).await, RequestState::Pending);
        acme.approve(blue).await.unwrap();
        assert_eq!(acme.organization().member("bob").await.unwrap().unwrap().grants.scopes().count(), 2);
    }

    async fn lif_8_closing_an_organization_ends_its_links_and_requests(world) {
        let acme = world.acme().await;
        let organization = acme.organization();
        let (open, by_link) = link(&acme, LinkSettings::new("Clients", client())).await;
        let (asked, by_request) = link(&acme, LinkSettings::new("Asking", client()).by_request()).await;
        let bob = world.invite.ask_to_join(&by_request, person("bob")).await.unwrap().request;
        let eve = acme.propose(address("eve@example.com"), client()).await.unwrap().request;
        acme.invite("dan@example.com", client()).await.unwrap();
        acme.close().await.unwrap();
        for settled in [false, true] {
            if settled {
                maintain(&acme).await;
            }
            for (came, what) in [
                (code(world.invite.join(&by_link, person("fay")).await), "join"),
                (code(world.invite.ask_to_join(&by_request, person("fay")).await), "ask"),
                (code(acme.approve(bob).await), "approve"),
                (code(acme.deny(eve).await), "deny"),
                (code(organization.by("bob").withdraw(bob).await), "withdraw"),
                (code(acme.create_link(LinkSettings::new("More", client())).await), "create a link"),
                (code(acme.switch_link_on(open).await), "switch a link on"),
                (code(acme.show_link(open).await), "show a link"),
            ] {
                assert_eq!(came, "organization-closed", "{what}, settled: {settled}");
            }
            for token in [&by_link, &by_request] {
                let seen = world.invite.preview(token, None).await.unwrap();
                assert_eq!(seen.status, PreviewStatus::NoLongerValid, "settled: {settled}");
            }
        }
        for id in [open, asked] {
            let row = organization.link(id).await.unwrap().unwrap();
            assert_eq!(row.ended.map(|(ending, _)| ending), Some(LinkEnding::OrganizationClosed));
            assert_eq!(row.state_at(world.clock_now()), LinkState::Ended);
        }
        for id in [bob, eve] {
            assert_eq!(state_of(&acme, id, &world).await, RequestState::Settled);
        }
        let row = organization.get().await.unwrap();
        let counts = (row.counts.links, row.counts.requests, row.counts.pending);
        assert_eq!((row.status, counts), (OrganizationStatus::Closed, (0, 0, 0)));
        assert!(acme.history().await.iter().filter(|kind| *kind == "link-ended").count() == 2);
    }

    async fn f22_a_deleted_user_is_removed_from_a_closed_organization_too_and_the_loop_ends(world) {
        let acme = world.acme().await;
        let mia = world.joins("mia", Grant::role("member").adding(Permission::PROPOSE)).await;
        propose_many(&mia).await;
        acme.close().await.unwrap();
        let (mut withdrawn, mut steps) = (0, 0);
        for who in ["mia", "ada"] {
            let mut after = None;
            let all = TheirInvitations::Revoke;
            while let Some(step) = world.invite.remove_user(person(who), all, after.as_ref()).await.unwrap() {
                (steps, withdrawn) = (steps + 1, withdrawn + step.withdrawn);
                assert!(steps < 5, "{step:?}");
                assert_eq!(step.kept, None, "of a closed organization nobody has to remain an owner");
                after = step.after;
            }
            let there = world.invite.memberships(who, &PageRequest::default()).await.unwrap().items;
            assert_eq!(there, [], "{who}");
        }
        assert_eq!(withdrawn, 100);
        let counts = acme.organization().get().await.unwrap().counts;
        assert_eq!((counts.members, counts.owners, counts.requests), (0, 0, 0));
        assert_eq!(acme.seats_of("team").await, (0, 0));
        maintain(&acme).await;
    }

    async fn f22_removing_a_user_ends_though_the_clock_goes_back_behind_the_end_of_their_requests(world) {
        let acme = world.acme().await;
        let mia = world.joins("mia", Grant::role("member").adding(Permission::PROPOSE)).await;
        propose_many(&mia).await;
        world.pass(TimeDelta::days(365));
        acme.invite("eve@example.com", client()).await.unwrap();
        world.pass(-TimeDelta::days(365));
        let (mut after, mut steps) = (None, 0);
        let keep = TheirInvitations::Keep;
        while let Some(step) = world.invite.remove_user(person("mia"), keep, after.as_ref()).await.unwrap() {
            steps += 1;
            assert!(steps < 5, "{step:?}");
            after = step.after;
        }
        assert_eq!(acme.users().await, ["ada"]);
    }
}
