//! LIF-8 and LIF-10: what becomes of links and requests when a group or an organization is closed.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::{Access, LinkEnding, LinkId, LinkSettings};
use invite::{
    Acting, Grant, GroupSettings, LinkState, OrganizationStatus, PreviewStatus, RequestId, RequestState,
    Token,
};
use tests::{Listed, World, code, group, on_every_store, person, refused, token};

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
        assert_ne!(code(acme.approve(bob).await), "ok");
        assert_ne!(state_of(&acme, bob, &world).await, RequestState::Approved);
        if state_of(&acme, eve, &world).await == RequestState::Pending {
            acme.deny(eve).await.unwrap();
        }
        acme.approve(blue).await.unwrap();
        assert_eq!(acme.organization().member("bob").await.unwrap().unwrap().grants.scopes().count(), 2);
    }

    async fn lif_8_closing_an_organization_ends_its_links_and_requests(world) {
        let acme = world.acme().await;
        let organization = acme.organization();
        let (open, by_link) = link(&acme, LinkSettings::new("Clients", client())).await;
        let (asked, by_request) = link(&acme, LinkSettings::new("Asking", client()).by_request()).await;
        let bob = world.invite.ask_to_join(&by_request, person("bob")).await.unwrap().request;
        let eve = acme.propose(tests::address("eve@example.com"), client()).await.unwrap().request;
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
}
