//! F13, PRI-6. A complete log, retention, and erasing a person: counts, log and seats stay right, and the address is
//! nowhere any more.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use chrono::TimeDelta;
use invite::core::{Access, Block};
use invite::storage::RequestFilter;
use invite::{
    AccessModel, Acting, Erase, Grant, GroupSettings, Invitation, InvitationFilter, InvitationId, Invite,
    InviteeEntry, Limit, LinkSettings, MemberFilter, OrganizationId, PageRequest, Plan, Settings,
};
use tests::{Listed, World, address, on_every_store, person, postgres, refused, token, user};

const BOB: &str = "bob.bobson@example.com";

fn bobs() -> Erase {
    Erase::new(address(BOB)).and(user("bob"))
}

fn bob() -> invite::Principal {
    invite::Principal::user("bob").vouched(BOB)
}

/// An invitation that says all there is to say about bob.
fn to_bob(grant: Grant) -> Invite {
    Invite::new(InviteeEntry::typed("Bob.Bobson@Example.com").name("Robert Bobson"), grant)
        .message("Bobson, come in")
        .metadata("badge", "Bobson 7")
}

async fn invited(acting: &Acting, invite: Invite) -> InvitationId {
    acting.run(invite).with(|invite| invite).await.unwrap().invitations().next().unwrap()
}

/// In one organization bob declined, was revoked, joined, left, and is invited again; eve is invited too.
async fn past_of_bob(world: &World, id: &str) -> Acting {
    let plan = Plan::seats("team", 9).and_seats("client", Limit::AtMost(9));
    let host = world.invite.create_organization(id, format!("{id} Ltd"), "ada", plan).await.unwrap();
    let ada = host.by("ada");
    ada.create_group("red", GroupSettings::named("Red")).await.unwrap();
    let declined = invited(&ada, to_bob(Grant::role("member"))).await;
    world.deliver().await;
    let decline = host.decline(declined, bob()).with(|decline| decline.reason("Bobson is busy"));
    decline.await.unwrap();
    let revoked = invited(&ada, to_bob(Grant::role("member"))).await;
    ada.revoke(revoked).await.unwrap();
    let accepted = invited(&ada, to_bob(Grant::role("member"))).await;
    host.accept(accepted, bob()).await.unwrap();
    host.by("bob").leave().await.unwrap();
    let link = ada.create_link(LinkSettings::new("Clients", Grant::role("client"))).await.unwrap().link;
    let by_link = token(&ada.show_link(link).await.unwrap().reveal());
    world.invite.join(&by_link, bob()).await.unwrap();
    invited(&ada, to_bob(Grant::role("member").in_group(tests::group("red")))).await;
    ada.invite("eve@example.com", Grant::role("member")).await.unwrap();
    world.deliver().await;
    ada
}

/// Bob asked for a group by a link, was denied, asked again, and is proposed too; and somebody keyed an invitation of him.
async fn requests_of_bob(world: &World, ada: &Acting) {
    let blue = GroupSettings::named("Blue").by_request_with(Access::role("client"));
    ada.create_group("blue", blue).await.unwrap();
    let client = || Grant::role("client").in_group(tests::group("blue"));
    let link = ada.create_link(LinkSettings::new("Partners", client()).by_request()).await.unwrap().link;
    let by_link = token(&ada.show_link(link).await.unwrap().reveal());
    for n in 0..2 {
        let ask = world.invite.ask_to_join(&by_link, bob());
        let asked = ask.with(|ask| ask.name("Robert Bobson").message("It is me, Bobson")).await.unwrap();
        if n == 0 {
            ada.deny(asked.request).with(|deny| deny.because("Bobson is known")).await.unwrap();
        }
    }
    let propose =
        ada.propose(address("Bob.Bobson@Example.com"), Grant::role("member").in_group(tests::group("blue")));
    propose.with(|propose| propose.name("Robert Bobson").message("Bobson paints")).await.unwrap();
    ada.propose(address("eve@example.com"), client()).await.unwrap();
    let keyed = ada.invite(BOB, client()).idempotency_key("once");
    keyed.await.unwrap();
}

async fn invitations(acting: &Acting) -> Vec<Invitation> {
    let request = PageRequest::first(200);
    let page = acting.invitations(&InvitationFilter::default(), &request).await.unwrap();
    page.items.into_iter().map(|entry| entry.invitation).collect()
}

/// Everything that an organization shows, with addresses in full.
async fn shown(acting: &Acting) -> String {
    let request = PageRequest::first(200);
    let mut shown = String::new();
    let entries = acting.invitations(&InvitationFilter::default(), &request).await.unwrap().items;
    shown.push_str(&invite::csv::invitations(&entries, chrono::DateTime::UNIX_EPOCH));
    for entry in entries {
        let row = entry.invitation;
        let attempts = entry.delivery.map(|delivery| delivery.attempts);
        let mailed = row.mail_to.map(|address| address.as_str().to_owned());
        let text =
            (row.invitee.key(), row.message, row.metadata, row.locale, row.continue_to, mailed, attempts);
        shown.push_str(&format!("{text:?}\n"));
    }
    let members = acting.members(&MemberFilter::default(), &request).await.unwrap().items;
    shown.push_str(&invite::csv::members(&members));
    for member in members {
        shown.push_str(&format!(
            "{:?} {:?}\n",
            member.email.map(|email| email.as_str().to_owned()),
            member.metadata
        ));
    }
    for row in acting.requests(&RequestFilter::default(), &request).await.unwrap().items {
        let email = row.email.map(|email| email.as_str().to_owned());
        shown.push_str(&format!(
            "{} {email:?} {:?}\n",
            row.invitee.key(),
            (row.name, row.message, row.ended)
        ));
    }
    for event in acting.events(0, 1_000).await.unwrap() {
        shown.push_str(&event.data);
    }
    shown.to_lowercase()
}

/// The bytes of the files, as if all that waits to be written into them had been; of a database, those of all rows.
async fn stored(world: &World) -> Option<String> {
    let bytes = match (world.store.directory(), world.store.database()) {
        (Some(directory), _) => {
            let database = rusqlite::Connection::open(directory.join("invite.db")).unwrap();
            database.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
            let files = std::fs::read_dir(directory).unwrap();
            files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect::<Vec<_>>()
        }
        (_, Some(database)) => postgres::rows(database).await,
        _ => return None,
    };
    Some(bytes.into_iter().map(|byte| char::from(byte).to_ascii_lowercase()).collect())
}

/// Forms in which somebody could be found: the address, what was typed about them, and its masked form as bytes.
fn forms(of: &str) -> [String; 3] {
    let masked = format!("{}…@example.com", &of[..1]);
    let masked_bytes = masked.bytes().map(char::from).collect::<String>().to_ascii_lowercase();
    [of.to_owned(), masked, masked_bytes]
}

async fn erase_everywhere(world: &World, person: &Erase) -> Vec<(OrganizationId, bool)> {
    let (mut after, mut steps) = (None, Vec::new());
    while let Some(step) = world.invite.erase(person, after.as_ref()).await.unwrap() {
        steps.push((step.organization, step.erased.more));
        after = step.after;
    }
    steps
}

on_every_store! {
    async fn pri_6_f13_a_person_is_erased_in_all_organizations_and_found_nowhere_any_more(world) {
        let acting = [past_of_bob(&world, "acme").await, past_of_bob(&world, "globex").await];
        world.invite.create_organization("other", "Other Ltd", "ada", Plan::seats("team", 5)).await.unwrap();
        requests_of_bob(&world, &acting[0]).await;
        let asked = world.invite.create_organization("hooli", "Hooli Ltd", "ada", Plan::seats("team", 5)).await.unwrap();
        asked.by("ada").propose(address(BOB), Grant::role("member")).await.unwrap();
        let (before, seats) = (acting[0].history().await, acting[0].seats().await.unwrap());
        let told = shown(&acting[0]).await;
        assert!(told.contains("bobson") && told.contains("b…@example.com") && told.contains("e…@example.com"));
        assert!(stored(&world).await.is_none_or(|stored| stored.contains(BOB) && stored.contains("bobson")));

        let steps = erase_everywhere(&world, &bobs()).await;
        let expected = ["acme", "globex", "hooli"].map(|id| (OrganizationId::parse(id).unwrap(), false));
        assert_eq!(steps, expected, "in those that hold something, once each");
        // Outcomes of commands with a key are kept for a day.
        world.pass(TimeDelta::days(1));
        assert_eq!(world.invite.maintain(9).await.unwrap(), 1);
        assert!(!shown(&asked.by("ada")).await.contains("bobson"), "where nothing but a request was held");
        for acting in &acting {
            let told = shown(acting).await;
            for form in forms(BOB).iter().map(String::as_str).chain(["bobson"]) {
                assert!(!told.contains(form), "{form} is shown: {told}");
            }
            assert!(told.contains("eve@example.com") && told.contains("e…@example.com"), "eve is there still");
        }
        if let Some(stored) = stored(&world).await {
            for form in forms(BOB).iter().map(String::as_str).chain(["bobson"]) {
                assert!(!stored.contains(form), "{form} is in the files");
            }
            assert!(stored.contains("eve@example.com"));
        }

        // One record for each fact, where it was; the seats that are taken, and who answers for what.
        let after = acting[0].history().await;
        assert_eq!(after[..before.len()], before);
        let news = ["invitation-revoked", "invitation-erased"];
        assert_eq!(after[before.len()..][..2], news, "{after:?}");
        assert_eq!(after.last().unwrap(), "member-erased");
        let of_team = |seats: &[invite::SeatUse]| {
            seats.iter().map(|seat| (seat.used, seat.reserved)).collect::<Vec<_>>()
        };
        assert_eq!(of_team(&seats), [(0, 2), (1, 0)], "bob, who is a client, and eve had reserved");
        assert_eq!(of_team(&acting[0].seats().await.unwrap()), [(0, 1), (1, 0)]);
        let requests = acting[0].requests(&RequestFilter::default(), &PageRequest::first(9)).await.unwrap().items;
        let told = requests.iter().map(|row| {
            (row.by.to_string(), row.invitee.is_erased(), row.stored_state().as_str(), row.message.is_some())
        });
        let mut told = told.collect::<Vec<_>>();
        told.sort_unstable();
        let expected = [
            ("ada", false, "pending", false),
            ("ada", true, "settled", false),
            ("bob", true, "denied", false),
            ("bob", true, "settled", false),
        ];
        let expected = expected.map(|(by, erased, state, message)| (by.to_owned(), erased, state, message));
        assert_eq!(told, expected, "who asked, and what came of it, stays");
        let mut states = Vec::new();
        for row in invitations(&acting[0]).await.iter().filter(|row| row.invitee.is_erased()) {
            assert_eq!((row.inviter.clone(), row.grants.is_empty()), (user("ada").into(), false));
            states.push(row.stored_state().as_str());
        }
        states.sort_unstable();
        assert_eq!(states, ["accepted", "declined", "revoked", "revoked", "revoked"]);
        assert_eq!(acting[0].role_of("bob").await.as_deref(), Some("client"), "a member stays one");
    }

    async fn pri_6_an_erased_person_is_invited_again_and_counted_right(world) {
        let ada = past_of_bob(&world, "acme").await;
        ada.organization().erase(bobs()).await.unwrap();
        ada.remove("bob").await.unwrap();
        let pending = ada.organization().get().await.unwrap().counts.pending;
        let again = invited(&ada, to_bob(Grant::role("member"))).await;
        assert_eq!(ada.organization().get().await.unwrap().counts.pending, pending + 1);
        ada.organization().accept(again, bob()).await.unwrap();
        assert_eq!(ada.role_of("bob").await.as_deref(), Some("member"));
        assert_eq!(ada.seats_of("client").await, (0, 0), "one person, one seat");
    }

    async fn pri_6_only_the_host_erases(world) {
        let ada = past_of_bob(&world, "acme").await;
        let before = shown(&ada).await;
        refused(ada.run(bobs()).await, "not-permitted", "AUT-1", "as the system");
        assert_eq!(shown(&ada).await, before);
    }

    async fn pri_6_erasing_goes_on_where_it_was_interrupted(world) {
        let ada = past_of_bob(&world, "acme").await;
        past_of_bob(&world, "globex").await;
        let slowly = bobs().at_most(1);
        let first = world.invite.erase(&slowly, None).await.unwrap().unwrap();
        assert!(first.erased.more && first.after.is_none() && first.erased.invitations == 1);
        let world = world.another_process();
        let steps = erase_everywhere(&world, &slowly).await;
        assert_eq!(steps.len(), 3 + 4, "{steps:?}");
        assert!(!shown(&ada).await.contains("bobson"));
        assert!(stored(&world).await.is_none_or(|stored| !stored.contains("bobson")));
    }

    async fn pri_6_f11_a_block_outlives_its_owner_s_data_unless_it_is_dropped_too(world) {
        let ada = past_of_bob(&world, "acme").await;
        let last = invitations(&ada).await.into_iter().find(|row| row.is_open() && row.name.is_some()).unwrap();
        let block = |decline: invite::core::Decline| decline.block(Block::Organization);
        ada.organization().decline(last.id, bob()).with(block).await.unwrap();
        ada.organization().erase(bobs()).await.unwrap();
        refused(ada.run(to_bob(Grant::role("member"))).await, "blocked", "F11", "");
        assert_eq!(ada.organization().erase(bobs().dropping_blocks()).await.unwrap().blocks, 3);
        invited(&ada, to_bob(Grant::role("member"))).await;
    }

    async fn pri_6_f11_blocks_of_all_organizations_are_dropped_by_every_name_that_is_known(world) {
        let bob = tests::person("bob");
        let plan = Plan::seats("client", 9);
        let acme = world.invite.create_organization("acme", "Acme", "ada", plan).await.unwrap().by("ada");
        acme.invite("bob@example.com", Grant::role("client")).await.unwrap();
        world.deliver().await;
        world.invite.accept(&world.token_to("bob@example.com"), bob.clone()).await.unwrap();
        world.invite.block(bob.clone()).await.unwrap();
        assert_eq!(world.invite.suppressions(bob.clone()).await.unwrap().len(), 2);
        erase_everywhere(&world, &Erase::new(tests::user("bob")).dropping_blocks()).await;
        assert_eq!(world.invite.suppressions(bob.clone()).await.unwrap(), []);
    }

    async fn pri_6_what_ended_is_erased_after_the_retention_a_step_at_a_time(world) {
        let model = AccessModel::preset();
        let model_with_retention = AccessModel::builder()
            .role(invite::Role::new("member").with([invite::Permission::VIEW]))
            .seat("team", [] as [&str; 0])
            .retention(TimeDelta::days(30))
            .build()
            .unwrap();
        assert_eq!(model.retention(), None, "nothing is erased by default");
        let world = world.remodelled(model_with_retention);
        let ada = world.acme_on(Plan::seats("team", 9)).await;
        for n in 0..5 {
            let to = format!("bobson-{n}@example.com");
            let id = invited(&ada, Invite::new(to.as_str(), Grant::role("member"))).await;
            ada.revoke(id).await.unwrap();
        }
        ada.invite("eve@example.com", Grant::role("member")).with(|invite| invite.expires_at(invite::Expiry::Never)).await.unwrap();
        world.deliver().await;
        world.pass(TimeDelta::days(30) - TimeDelta::microseconds(1));
        let maintained = ada.organization().maintain(2).await.unwrap();
        assert_eq!((maintained.erased, maintained.more), (0, false), "not a moment too early");
        world.pass(TimeDelta::microseconds(1));
        for (erased, more) in [(2, true), (2, true), (1, false), (0, false)] {
            let maintained = ada.organization().maintain(2).await.unwrap();
            assert_eq!((maintained.erased, maintained.more), (erased, more));
        }
        assert!(!shown(&ada).await.contains("bobson") && !shown(&ada).await.contains("b…@"));
        assert!(stored(&world).await.is_none_or(|stored| !stored.contains("bobson") && stored.contains("eve@")));
        assert_eq!((ada.seats_of("team").await, ada.waiting().await.len()), ((0, 1), 1));

        // The organization may say otherwise, within a day and a century.
        let keep = |seconds| ada.change_settings(Settings::named("Acme").retention_seconds(seconds));
        refused(keep(86_399).await, "invalid-settings", "WEB-3", "");
        keep(86_400).await.unwrap();
        let again = ada.waiting().await.len();
        ada.revoke(invitations(&ada).await.iter().find(|row| row.is_open()).unwrap().id).await.unwrap();
        world.pass(TimeDelta::days(1));
        assert_eq!(ada.organization().maintain(9).await.unwrap().erased, again);
    }

    /// An invitation of which nobody knows any more whom it was for: its old link is over, and tells nobody.
    async fn pri_6_the_link_of_an_erased_invitation_tells_nothing(world) {
        let ada = past_of_bob(&world, "acme").await;
        let mailed = world.token_to(BOB);
        ada.organization().erase(bobs()).await.unwrap();
        let seen = world.invite.preview(&mailed, None).await.unwrap();
        let text = serde_json::to_string(&seen).unwrap().to_lowercase();
        assert!(!text.contains("bobson") && !text.contains('…'), "{text}");
        let accepted = world.invite.accept(&mailed, person("mallory")).await.unwrap_err();
        assert_eq!(accepted.code(), "revoked");
    }

    /// Each operation that changes something leaves its records, in the commit that changes it, without a gap.
    async fn f13_every_change_is_in_the_log_with_who_did_it(world) {
        let ada = past_of_bob(&world, "acme").await;
        ada.organization().erase(bobs()).await.unwrap();
        let events = ada.events(0, 1_000).await.unwrap();
        let version = ada.organization().get().await.unwrap().version;
        assert_eq!(events.len() as u64, version);
        assert!(events.iter().map(|event| event.sequence).eq(1..=version), "without a gap");
        let by = |kind: &str| {
            let event = events.iter().find(|event| event.kind == kind).unwrap_or_else(|| panic!("no {kind}"));
            event.actor.user().map(ToString::to_string)
        };
        for (kind, who) in [
            ("organization-created", Some("ada")),
            ("group-created", Some("ada")),
            ("link-created", Some("ada")),
            ("invitation-created", Some("ada")),
            ("invitation-declined", Some("bob")),
            ("invitation-accepted", Some("bob")),
            ("member-left", Some("bob")),
            ("link-used", Some("bob")),
            ("invitation-erased", None),
            ("member-erased", None),
        ] {
            assert_eq!(by(kind).as_deref(), who, "{kind}");
        }
    }
}

/// The log knows as many kinds as there are facts, each with its golden file.
#[test]
fn f13_every_kind_of_event_has_a_golden_record() {
    let core = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/invite-core");
    let source = std::fs::read_to_string(format!("{core}/src/state/event.rs")).unwrap();
    let (_, kinds) = source.split_once("fn kind(&self)").unwrap();
    let (kinds, _) = kinds.split_once("\n    }\n").unwrap();
    let kinds = kinds.split("=> \"").skip(1).filter_map(|kind| kind.split('"').next());
    let files = std::fs::read_dir(format!("{core}/tests/data/events")).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>();
    let golden = files.iter().map(|file| file.split_once(".v").unwrap().0);
    assert_eq!(kinds.collect::<BTreeSet<_>>(), golden.collect::<BTreeSet<_>>());
}
