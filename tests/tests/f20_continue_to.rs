//! F20. A page to continue to, allow-listed when it is asked and again when somebody joins (WEB-3).
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::LinkSettings;
use invite::{AccessModel, ContinueTo, ContinueUrls, Edit, Grant, Invitations, Invite, Keyring, Limit, Plan};
use invite_memory::MemoryStorage;
use tests::{Store, World, on_every_store, person, refused, token};

const AFTER: &str = "https://app.example/after";

fn listing(pages: &[&str]) -> AccessModel {
    let urls = pages.iter().fold(ContinueUrls::new(), |urls, page| urls.allow(page).unwrap());
    AccessModel::preset().and_continue_urls(urls)
}

async fn world_listing(store: Store, pages: &[&str]) -> World {
    let world = World::with_model(store, listing(pages));
    world.acme_on(Plan::seats("team", 50).and_seats("client", Limit::AtMost(50))).await;
    world
}

fn leading(to: &str, page: &str) -> Invite {
    Invite::new(to, Grant::role("member")).continue_to(page)
}

/// The open redirects of CVE-2022-24858 (by what looks like the host and is not) and CVE-2022-29214 (by a page of
/// another scheme, or none), and others like them.
const HOSTILE: [&str; 16] = [
    "https://app.example.evil.example/after",
    "https://app.example@evil.example/after",
    "https://evil.example/https://app.example/after",
    "https://evil.example#https://app.example/after",
    "//evil.example/after",
    "/after",
    "javascript:alert(1)//https://app.example/after",
    "data:text/html,https://app.example/after",
    "http://app.example/after",
    "https:\\\\app.example/after",
    "https://app.example/after/../admin",
    "https://app.example/after/%2e%2e/admin",
    "https://app.example/after//evil.example",
    "https://app.example/after\r\nLocation: https://evil.example",
    "https://app.example/afterwards",
    "https://app.example/after\"><script>",
];

on_every_store! {
    async fn f20_an_invitation_leads_on_to_a_page_that_the_host_lists(world) {
        let world = world_listing(world.store, &[AFTER]).await;
        let acme = world.acme_by("ada");
        let page = format!("{AFTER}/projects?first=red#x");
        let invited = acme.run(leading("bob@example.com", &page)).await.unwrap();
        let id = invited.invitations().next().unwrap();
        let row = acme.organization().invitation(id).await.unwrap().unwrap();
        assert_eq!(row.continue_to.as_ref(), Some(&page), "shown with the invitation");
        world.deliver().await;
        let joined = world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        assert_eq!(joined.continue_to.url(), Some(page.as_str()));

        let settings = LinkSettings::new("Clients", Grant::role("client")).continue_to(AFTER);
        let link = acme.create_link(settings).await.unwrap().link;
        let by_link = token(&acme.show_link(link).await.unwrap().reveal());
        let joined = world.invite.join(&by_link, person("cid")).await.unwrap();
        assert_eq!(joined.continue_to.url(), Some(AFTER));
    }

    async fn f20_web_3_no_other_page_is_asked_for_cve_2022_24858_cve_2022_29214(world) {
        let world = world_listing(world.store, &[AFTER]).await;
        let acme = world.acme_by("ada");
        let invited = acme.run(leading("bob@example.com", AFTER)).await.unwrap();
        let bob = invited.invitations().next().unwrap();
        let link = acme.create_link(LinkSettings::new("x", Grant::role("client"))).await.unwrap().link;
        let before = acme.organization().get().await.unwrap();
        for page in HOSTILE {
            let (code, rule, remedy) =
                ("continue-url-not-allowed", "WEB-3", "give a page of those that the host allows");
            refused(acme.run(leading("eve@example.com", page)).await, code, rule, remedy);
            refused(acme.run(Edit::new(bob).continue_to(page)).await, code, rule, remedy);
            let settings = LinkSettings::new("x", Grant::role("client")).continue_to(page);
            refused(acme.create_link(settings.clone()).await, code, rule, remedy);
            refused(acme.edit_link(link, settings).await, code, rule, remedy);
        }
        let longest = format!("{AFTER}/{}", "x".repeat(1_000 - AFTER.len() - 1));
        refused(acme.run(leading("eve@example.com", &format!("{longest}x"))).await, "too-large", "ABU-3", "1000");
        assert_eq!(acme.organization().get().await.unwrap(), before, "nothing changed");
        acme.run(leading("eve@example.com", &longest)).await.unwrap();
    }

    async fn f20_web_3_a_page_that_is_listed_no_more_is_left_out_and_the_rest_goes_on(world) {
        let world = world_listing(world.store, &[AFTER]).await;
        let acme = world.acme_by("ada");
        acme.run(leading("bob@example.com", AFTER)).await.unwrap();
        let settings = LinkSettings::new("Clients", Grant::role("client")).continue_to(AFTER);
        let link = acme.create_link(settings).await.unwrap().link;
        let by_link = token(&acme.show_link(link).await.unwrap().reveal());
        world.deliver().await;
        let mailed = world.token_to("bob@example.com");

        let world = world.remodelled(listing(&["https://app.example/before"]));
        let joined = world.invite.accept(&mailed, person("bob")).await.unwrap();
        assert_eq!((joined.continue_to.clone(), joined.continue_to.url()), (ContinueTo::NotAllowed, None));
        let joined = world.invite.join(&by_link, person("cid")).await.unwrap();
        assert_eq!(joined.continue_to, ContinueTo::NotAllowed);
        assert!(acme.may("bob", "posts.create").await.unwrap() && acme.may("cid", "posts.view").await.unwrap());
    }
}

#[test]
fn f20_pages_are_listed_when_the_service_is_built_and_wrong_ones_stop_it() {
    let build = |page: &str| {
        let builder = Invitations::builder(MemoryStorage::new(), AccessModel::preset(), Keyring::ephemeral());
        builder.base_url("https://app.example/join").continue_url(page).build()
    };
    assert!(build(AFTER).unwrap().model().continue_urls().permits("https://app.example/after/x"));
    for page in ["http://app.example", "https://app.example/after?x", "app.example", "https://*.example"] {
        let why = build(page).unwrap_err().to_string();
        assert!(why.starts_with("a page that may be continued to"), "{why}");
    }
}
