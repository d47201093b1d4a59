//! D. Invite many users, manage them.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::TimeDelta;
use invite::core::ListOptions;
use invite::{
    Expiry, Grant, HeaderLine, InviteOutcome, Invited, InviteeEntry, Limit, Mode, Next, OnPending,
    PageRequest, Plan, PreviewStatus, Refusal, Restriction, RosterEntry, Scope, Settings, parse_list,
};
use tests::{Listed, World, address, newcomer, on_every_store, person, refused, start, user};

/// What came of each, in a word.
fn outcomes(invited: &Invited) -> Vec<&'static str> {
    let word = |outcome: &InviteOutcome| match outcome {
        InviteOutcome::Invited { .. } => "invited",
        InviteOutcome::Resent { .. } => "resent",
        InviteOutcome::Replaced { .. } => "replaced",
        InviteOutcome::Duplicate { .. } => "duplicate",
        InviteOutcome::Refused { reason } => reason.code(),
        _ => "something else",
    };
    invited.results.iter().map(|result| word(&result.outcome)).collect()
}

/// An organization with three products enabled, two of which it uses.
fn plan() -> Plan {
    let enabled = Restriction::only(["texting", "payments", "reviews"]);
    Plan::seats("team", 100).and_seats("client", Limit::Unlimited).entitled("product", enabled)
}

async fn may_use(world: &World, name: &str, product: &str) -> bool {
    let acme = world.invite.organization("acme");
    acme.may_with(name, "posts.create", &Scope::Organization, "product", product).await.unwrap()
}

on_every_store! {
    async fn d1_addresses_typed_one_a_line_get_one_role_and_one_choice_of_products(world) {
        let acme = world.acme_on(plan()).await;
        let typed = "bob@example.com\r\n  Eve <eve@example.com>\n\nBOB@example.com\nnobody\n\"Day, Dan\" <dan@example.com>\n";
        let grant = Grant::role("member").restricted("product", Restriction::only(["texting", "reviews"]));
        let invited = acme.invite(typed, grant).await.unwrap();
        assert_eq!(outcomes(&invited), ["invited", "invited", "duplicate", "invalid-address", "invited"]);
        assert_eq!(invited.results[3].input, "nobody", "nothing of the list is dropped");
        assert_eq!(world.deliver().await.sent, 3);
        assert!(world.mail_to("eve@example.com").text.starts_with("Hello Eve,"));

        for name in ["bob", "eve", "dan"] {
            let token = world.token_to(&format!("{name}@example.com"));
            world.invite.accept(&token, person(name)).await.unwrap();
            let products = (may_use(&world, name, "texting").await, may_use(&world, name, "payments").await);
            assert_eq!(products, (true, false), "{name}");
        }
    }

    async fn d1_a_sheet_is_pasted_with_names_and_roles(world) {
        let acme = world.acme_on(plan()).await;
        let sheet = "Name\tE-Mail\tRole\nBob\tbob@example.com\tmember\nEve Day\teve@example.com\tclient\n\tdan@example.com\t\nFay\tfay@example.com\tboss\n";
        let list = parse_list(sheet, &ListOptions::new().header(HeaderLine::Recognise)).unwrap();
        let invited = acme.invite(list, Grant::role("client")).await.unwrap();
        assert_eq!(outcomes(&invited), ["invited", "invited", "invited", "unknown-role"]);
        for (email, role) in
            [("bob@example.com", "member"), ("eve@example.com", "client"), ("dan@example.com", "client")]
        {
            let (row, _) = acme.entry(email).await;
            assert_eq!(
                row.grants.access(&Scope::Organization).unwrap().role_name().as_str(),
                role,
                "{email}"
            );
        }
        world.deliver().await;
        assert!(world.mail_to("eve@example.com").text.starts_with("Hello Eve Day,"));
    }

    async fn d1_any_of_them_may_have_a_choice_of_their_own(world) {
        let acme = world.acme_on(plan()).await;
        let texting = Grant::role("member").restricted("product", Restriction::only(["texting"]));
        let payments = Grant::role("member").restricted("product", Restriction::only(["payments"]));
        let people = vec![
            InviteeEntry::typed("bob@example.com"),
            InviteeEntry::typed("eve@example.com").grants(payments).name("Eve").locale("de"),
            InviteeEntry::typed("eve at example.com"),
            InviteeEntry::new(user("gus")),
        ];
        let invited = acme.invite(people, texting).await.unwrap();
        assert_eq!(outcomes(&invited), ["invited", "invited", "invalid-address", "invited"]);
        assert_eq!(world.deliver().await.sent, 2, "who is invited as a user finds it in the inbox");

        for name in ["bob", "eve"] {
            let token = world.token_to(&format!("{name}@example.com"));
            world.invite.accept(&token, person(name)).await.unwrap();
        }
        let inbox = world.invite.inbox(person("gus"), &PageRequest::default()).await.unwrap();
        acme.organization().accept(inbox.items[0].invitation.id, person("gus")).await.unwrap();
        for (name, product) in [("bob", "texting"), ("eve", "payments"), ("gus", "texting")] {
            for other in ["texting", "payments", "reviews"] {
                assert_eq!(may_use(&world, name, other).await, other == product, "{name}, {other}");
            }
        }
    }

    async fn d1_each_is_decided_alone_or_all_together_sea_6(world) {
        let acme = world.acme_on(Plan::seats("team", 2)).await;
        let four = "a@example.com b@example.com c@example.com a@example.com";
        let all =
            acme.invite(four, Grant::role("member")).with(|invite| invite.mode(Mode::AllOrNothing)).await;
        refused(all, "partly-refused", "SEA-6", "correct or remove those");
        assert_eq!(acme.waiting().await, [""; 0], "nothing was done");
        assert_eq!(acme.seats_of("team").await, (0, 0));

        let first = acme.invite(four, Grant::role("member")).await.unwrap();
        assert_eq!(outcomes(&first), ["invited", "invited", "no-seat-left", "duplicate"]);
        assert_eq!(first.seats[0].left(), Some(0));
        assert_eq!(world.deliver().await.sent, 2);

        let again = acme.invite(four, Grant::role("member")).await.unwrap();
        assert_eq!(outcomes(&again), ["already-invited", "already-invited", "no-seat-left", "duplicate"]);
        let again = acme.invite(four, Grant::role("member"));
        let again = again.with(|invite| invite.on_pending(OnPending::Replace)).await.unwrap();
        assert_eq!(outcomes(&again), ["replaced", "replaced", "no-seat-left", "duplicate"]);
    }

    async fn d1_a_thousand_are_invited_at_once_and_no_more(world) {
        let acme = world.acme_on(Plan::seats("team", 2_000)).await;
        let list = |count: usize| {
            let mut text = String::new();
            (0..count).for_each(|n| writeln!(text, "user{n}@example.com").unwrap());
            text
        };
        let invited = acme.invite(list(1_001), Grant::role("member")).await;
        refused(invited, "too-large", "ABU-3", "send at most 1000 invitees");
        let invited = acme.invite(list(1_000), Grant::role("member")).await.unwrap();
        assert_eq!(invited.len(), 1_000);
        assert_eq!(acme.seats_of("team").await, (0, 1_000));
        assert_eq!(acme.waiting().await.len(), 1_000);
    }

    async fn d2_only_enabled_products_can_be_granted(world) {
        let acme = world.acme_on(plan()).await;
        let (code, rule, remedy) = ("not-entitled", "D2", "grant only what is enabled");
        let phone = || Grant::role("member").restricted("product", Restriction::only(["texting", "phone"]));
        refused(acme.invite("bob@example.com", phone()).await, code, rule, remedy);
        world.joins("bob", Grant::role("member")).await;
        refused(acme.change_access("bob", phone()).await, code, rule, remedy);
        assert!(may_use(&world, "bob", "payments").await, "who is not restricted uses what is enabled");
        assert!(!may_use(&world, "bob", "phone").await, "and nothing else");

        let enabled = Restriction::only(["texting", "phone"]);
        let system = acme.organization().as_system();
        system.change_plan(plan().entitled("product", enabled)).await.unwrap();
        acme.change_access("bob", phone()).await.unwrap();
        assert!(may_use(&world, "bob", "phone").await);
        assert!(!may_use(&world, "ada", "payments").await, "what is disabled is so for the owner too");
    }

    async fn d2_a_product_that_is_disabled_before_accepting_is_said_lif_10(world) {
        let acme = world.acme_on(plan()).await;
        let texting = Grant::role("member").restricted("product", Restriction::only(["texting"]));
        acme.invite("bob@example.com", texting).await.unwrap();
        world.deliver().await;
        let system = acme.organization().as_system();
        system.change_plan(plan().entitled("product", Restriction::only(["reviews"]))).await.unwrap();
        let accepted = world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await;
        refused(accepted, "no-longer-available", "LIF-10", "ask for a new invitation");
        assert_eq!(acme.waiting().await, ["bob@example.com"], "it is still pending");
    }

    async fn d2_particular_lines_are_assigned_to_particular_users(world) {
        let acme = world.acme_on(plan()).await;
        let line = |line: &str| Grant::role("member").restricted("line", Restriction::only([line]));
        world.joins("bob", line("+49 30 1")).await;
        world.joins("eve", line("+49 30 2")).await;
        for (name, own, other) in [("bob", "+49 30 1", "+49 30 2"), ("eve", "+49 30 2", "+49 30 1")] {
            let may = async |line: &str| {
                let asked =
                    acme.organization().may_with(name, "inbox.manage", &Scope::Organization, "line", line);
                asked.await.unwrap()
            };
            assert!(may(own).await && !may(other).await, "{name}");
        }
    }

    async fn d3_each_link_is_for_one_alone_and_works_once(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com, eve@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let (bobs, eves) = (world.token_to("bob@example.com"), world.token_to("eve@example.com"));
        assert_ne!(bobs.reveal(), eves.reveal());

        let (code, rule, remedy) = ("wrong-account", "IDN-9", "sign in with the account that was invited");
        refused(world.invite.accept(&bobs, person("eve")).await, code, rule, remedy);
        refused(world.invite.accept(&eves, person("mallory")).await, code, rule, remedy);
        world.invite.accept(&bobs, person("bob")).await.unwrap();
        for name in ["bob", "mallory"] {
            let again = world.invite.accept(&bobs, person(name)).await;
            refused(again, "already-accepted", "LIF-1", "nothing to do");
        }
        assert_eq!(acme.users().await, ["ada", "bob"]);
    }

    async fn d3_a_link_lives_for_24_hours_where_the_organization_says_so(world) {
        let acme = world.acme().await;
        acme.change_settings(Settings::named("Acme Ltd").expiry_seconds(24 * 3_600)).await.unwrap();
        acme.invite("bob@example.com, eve@example.com", Grant::role("member")).await.unwrap();
        let hour = Expiry::At(start() + TimeDelta::hours(1));
        acme.invite("dan@example.com", Grant::role("member"))
            .with(|invite| invite.expires_at(hour))
            .await
            .unwrap();
        world.deliver().await;
        let accept = async |name: &str| {
            world.invite.accept(&world.token_to(&format!("{name}@example.com")), person(name)).await
        };

        world.pass(TimeDelta::hours(1));
        refused(accept("dan").await, "expired", "LIF-1", "ask for it to be sent again");
        world.pass(TimeDelta::hours(23) - TimeDelta::microseconds(1));
        accept("bob").await.unwrap();
        world.pass(TimeDelta::microseconds(1));
        refused(accept("eve").await, "expired", "LIF-1", "ask for it to be sent again");
        let preview = world.invite.preview(&world.token_to("eve@example.com"), None).await.unwrap();
        assert_eq!((preview.status, preview.next), (PreviewStatus::Expired, Next::RequestNew));

        for (lives, seconds) in [("not at all", 0), ("too short", 59)] {
            let set = acme.change_settings(Settings::named("Acme Ltd").expiry_seconds(seconds)).await;
            refused(set, "invalid-settings", "WEB-3", "correct the settings");
            let end = Expiry::At(world.clock_now() + TimeDelta::seconds(seconds.into()));
            let invited =
                acme.invite("fay@example.com", Grant::role("member")).with(|invite| invite.expires_at(end));
            assert_eq!(tests::code(invited.await), "invalid-expiry", "{lives}");
        }
    }

    async fn d1_the_invitations_of_one_list_keep_its_order(world) {
        let acme = world.acme_on(plan()).await;
        world.pass(TimeDelta::minutes(1));
        let list = (10..30).map(|n| format!("n{n}@example.com")).collect::<Vec<_>>();
        acme.invite(list.join("\n"), Grant::role("client")).await.unwrap();
        let newest_first = acme.names().await;
        assert_eq!(newest_first[..20].iter().rev().cloned().collect::<Vec<_>>(), list);
    }

    async fn d4_members_and_pending_invitations_are_one_sorted_paged_list(world) {
        let acme = world.acme_on(plan()).await;
        for (minute, name) in ["bob", "cleo", "dan", "eve", "fay", "gus"].into_iter().enumerate() {
            world.pass(TimeDelta::minutes(1));
            acme.invite(address(&format!("{name}@example.com")), Grant::role("member")).await.unwrap();
            if minute % 2 == 0 {
                world.deliver().await;
                world.pass(TimeDelta::seconds(30));
                let token = world.token_to(&format!("{name}@example.com"));
                world.invite.accept(&token, person(name)).await.unwrap();
            }
        }
        world.pass(TimeDelta::minutes(1));
        acme.invite("same@example.com, same2@example.com", Grant::role("member")).await.unwrap();

        let all = acme.roster(&PageRequest::default()).await.unwrap();
        assert_eq!(all.next_cursor, None);
        let names = acme.names().await;
        assert_eq!(
            names[2..],
            ["gus@example.com", "fay", "eve@example.com", "dan", "cleo@example.com", "bob", "ada"]
        );
        assert_eq!(names[..2].iter().collect::<BTreeSet<_>>().len(), 2);
        for size in 1..=4 {
            let (mut paged, mut request) = (Vec::new(), PageRequest::first(size));
            loop {
                let page = acme.roster(&request).await.unwrap();
                assert!(page.items.len() <= size as usize);
                paged.extend(page.items);
                let Some(cursor) = page.next_cursor else { break };
                request = PageRequest::first(size).after(cursor);
            }
            assert_eq!(paged, all.items, "pages of {size}");
        }
        let pending = all.items.iter().filter(|entry| matches!(entry, RosterEntry::Invitation(_)));
        assert_eq!(pending.count(), 5);

        let elsewhere = acme.members(&Default::default(), &PageRequest::first(1)).await.unwrap().next_cursor;
        let foreign = acme.roster(&PageRequest::first(1).after(elsewhere.unwrap())).await;
        assert_eq!(tests::code(foreign), "invalid-cursor");
    }

    async fn d5_reinviting_kills_every_earlier_link(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        let (row, _) = acme.entry("bob@example.com").await;
        let mut links = Vec::new();
        for round in 0..5 {
            world.deliver().await;
            links.push(world.token_to("bob@example.com"));
            links.push(tests::token(&acme.copy_link(row.id).await.unwrap().reveal()));
            assert_eq!(world.mails_to("bob@example.com"), round + 1);
            if round < 4 {
                acme.resend(row.id).await.unwrap();
            }
        }
        for (index, link) in links[..8].iter().enumerate() {
            let accepted = world.invite.accept(link, person("bob")).await;
            // The last three are still known for what they were; older ones are anybody's guess.
            let known = index >= 2;
            assert_eq!(tests::code(accepted), if known { "superseded" } else { "unknown-token" }, "{index}");
            let preview = world.invite.preview(link, None).await.map(|preview| preview.status);
            assert_eq!(preview.ok(), known.then_some(PreviewStatus::Superseded), "{index}");
        }
        let accepted = world.invite.accept(&links[7], person("bob")).await;
        refused(accepted, "superseded", "LIF-2", "open the link in the newest mail");
        world.invite.accept(&links[8], person("bob")).await.unwrap();
        let resent = acme.resend(row.id).await;
        refused(resent, "already-accepted", "LIF-1", "nothing to do");
    }

    async fn d5_an_expired_invitation_is_sent_again_after_fresh_checks(world) {
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let old = world.token_to("bob@example.com");
        let (row, _) = acme.entry("bob@example.com").await;
        world.pass(TimeDelta::days(8));
        assert_eq!(acme.seats_of("team").await, (0, 0), "an expired invitation holds no seat");

        acme.invite("eve@example.com", Grant::role("member")).await.unwrap();
        refused(acme.resend(row.id).await, "no-seat-left", "SEA-1", "free a seat");
        let (eve, _) = acme.entry("eve@example.com").await;
        acme.revoke(eve.id).await.unwrap();

        let resent = acme.resend(row.id).await.unwrap();
        assert_eq!(resent.expires_at, Expiry::At(start() + TimeDelta::days(15)));
        assert_eq!(acme.waiting().await, ["bob@example.com"]);
        world.deliver().await;
        let accepted = world.invite.accept(&old, person("bob")).await;
        refused(accepted, "superseded", "LIF-2", "open the link in the newest mail");
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        assert_eq!(acme.users().await, ["ada", "bob"]);
    }

    async fn d5_only_admins_reinvite_and_nothing_else_is_revived(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let bob = world.joins("bob", Grant::role("member")).await;
        acme.invite("eve@example.com", Grant::role("member")).await.unwrap();
        let (row, _) = acme.entry("eve@example.com").await;
        refused(bob.resend(row.id).await, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        amy.resend(row.id).await.unwrap();
        amy.revoke(row.id).await.unwrap();
        refused(amy.resend(row.id).await, "revoked", "LIF-1", "ask for a new invitation");
        amy.invite("dan@example.com", Grant::role("member")).await.unwrap();
        let (row, _) = acme.entry("dan@example.com").await;
        acme.organization().decline(row.id, person("dan")).await.unwrap();
        refused(amy.resend(row.id).await, "declined", "LIF-1", "ask for a new invitation");
    }

    async fn d6_the_link_leads_to_sign_up_and_then_in(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let link = world.mail_to("bob@example.com").link();
        let preview = world.invite.preview(&tests::token(&link), None).await.unwrap();
        assert_eq!((preview.next, preview.email), (Next::SignUp, Some(address("bob@example.com"))));
        let accepted = world.invite.accept(&tests::token(&link), newcomer("bob")).await.unwrap();
        assert_eq!(accepted.user, user("bob"));
        assert!(acme.may("bob", "posts.create").await.unwrap());
    }
}
