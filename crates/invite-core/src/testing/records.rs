//! One golden file for each kind and format of event record (STO-7). A file that is there is never edited: a
//! record that changes gets a new format, and a new file beside the old one.

use std::borrow::ToOwned;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::string::String;
use std::{format, fs};

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;

const BOB: &str = "bob@example.com";

/// Where an invitation of `bob` as a client who publishes, for one account and a group, is open.
fn invited(world: &mut World) -> InvitationId {
    let grant = Grant::role("client").adding("posts.publish").removing("posts.view");
    let grant = grant.restricted("account", Restriction::only(["a", "b"]));
    let invite = Invite::new(BOB, [grant, in_group("member", "red")]).message("SECRET MESSAGE");
    world.ok(invite.metadata("k", "v"), &by("ada")).invitations().next().unwrap()
}

fn added(world: &mut World) {
    world.add("bob", Grant::role("member"));
}

/// A link by which clients of a domain come into the organization and a group.
fn linked(world: &mut World) -> LinkId {
    world.by_links(["red"]);
    let account = Grant::role("client").restricted("account", Restriction::only(["a"]));
    let settings = LinkSettings::new("Clients of spring", [account, in_group("client", "red")]);
    let (opens_at, closes_at) = (world.now, world.now + TimeDelta::days(30));
    let domains = DomainRules::new().allow(DomainRule::parse("example.com").unwrap());
    world.make_link(settings.opens_at(opens_at).closes_at(closes_at).max_uses(20).domains(domains))
}

/// A request of `bob` to come in by a link, as a client for one account.
fn asked(world: &mut World) -> RequestId {
    let account = Grant::role("client").restricted("account", Restriction::only(["a"]));
    let link = world.make_link(LinkSettings::new("Clients", account).by_request());
    let ask = AskToJoin::link(world.link_token(link), person("bob"));
    world.ok(ask.name("Bob").message("SECRET MESSAGE"), &by("bob")).request
}

type Makes = fn(&mut World);

/// Every kind, and what makes it.
const KINDS: &[(&str, Makes)] = &[
    ("organization-created", |_| {}),
    ("organization-suspended", |world| {
        world.ok(ChangeStatus::Suspend, &by("ada"));
    }),
    ("organization-resumed", |world| {
        world.ok(ChangeStatus::Suspend, &by("ada"));
        world.ok(ChangeStatus::Resume, &by("ada"));
    }),
    ("organization-closed", |world| {
        world.ok(ChangeStatus::Close, &by("ada"));
    }),
    ("plan-changed", |world| {
        let rate = Rate::per(10, TimeDelta::hours(1)).unwrap();
        let plan =
            team_of(3).entitled("account", Restriction::only(["a"])).seat_policy(SeatPolicy::TakeOnAccept);
        let plan = plan.pending(Limit::AtMost(9)).organization_rate(rate).inviter_rate(rate);
        world.ok(ChangePlan::new(plan), &Actor::System);
    }),
    ("settings-changed", |world| {
        let rule = |text| DomainRule::parse(text).unwrap();
        let domains = DomainRules::new().allow(rule("example.com")).deny(rule("*.example.com"));
        let settings = Settings::named("Acme").described("We make things.").about("https://acme.example/");
        world.ok(ChangeSettings::new(settings.expiry_seconds(86_400).domains(domains)), &by("ada"));
    }),
    ("invitation-created", |world| {
        invited(world);
    }),
    ("included", |world| {
        world.ok(ChangeSettings::new(Settings::named("Acme").inclusion(Inclusion::Asked)), &by("ada"));
        let invite = Invite::new(user("bob"), in_group("member", "red")).include(Include::Yes);
        world.ok(invite.message("SECRET MESSAGE"), &by("ada"));
    }),
    ("invitation-edited", |world| {
        let id = invited(world);
        let edit = Edit::new(id).grants(Grant::role("member")).expires_at(Expiry::Never);
        world.ok(edit, &by("ada"));
    }),
    ("invitation-resent", |world| {
        let id = invited(world);
        world.wait(TimeDelta::days(1));
        world.ok(Resend::new(id), &by("ada"));
    }),
    ("invitation-reminded", |world| {
        let id = invited(world);
        world.ok(Remind::new(id), &by("ada"));
    }),
    ("seat-reserved", |world| {
        world.invite(BOB, in_group("client", "blue"), &by("ada"));
        world.invite(BOB, in_group("member", "red"), &by("ada"));
    }),
    ("invitation-handed-over", |world| {
        world.add("dan", Grant::role("admin"));
        world.invite(BOB, Grant::role("client"), &by("dan"));
        let remove = RemoveMembers::one(user("dan")).their_invitations(TheirInvitations::HandOver);
        world.ok(remove, &by("ada"));
    }),
    ("invitation-accepted", |world| {
        let id = invited(world);
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
    }),
    ("invitation-declined", |world| {
        let id = invited(world);
        world.ok(Decline::inbox(id, person("bob")).reason("not now"), &by("bob"));
    }),
    ("invitation-revoked", |world| {
        let id = invited(world);
        world.ok(Revoke::one(id), &by("ada"));
    }),
    ("invitation-expired", |world| {
        invited(world);
        world.wait(TimeDelta::days(7));
        world.ok(Tidy::new(1), &Actor::System);
    }),
    ("member-joined", |world| {
        let id = invited(world);
        world.ok(Accept::inbox(id, person("bob")), &by("bob"));
    }),
    ("member-access-changed", |world| {
        added(world);
        world.ok(ChangeAccess::new(user("bob"), in_group("client", "red")), &by("ada"));
    }),
    ("member-access-ended", |world| {
        let until = world.now + TimeDelta::days(30);
        world.add("bob", [Grant::role("client"), in_group("member", "red").until(until)]);
        world.wait(TimeDelta::days(30));
        world.ok(Tidy::new(1), &Actor::System);
    }),
    ("member-suspended", |world| {
        added(world);
        world.ok(SuspendMembers::one(user("bob")), &by("ada"));
    }),
    ("member-restored", |world| {
        added(world);
        world.ok(SuspendMembers::one(user("bob")), &by("ada"));
        world.ok(RestoreMembers::one(user("bob")), &by("ada"));
    }),
    ("member-removed", |world| {
        added(world);
        world.ok(RemoveMembers::one(user("bob")), &by("ada"));
    }),
    ("member-left", |world| {
        added(world);
        world.ok(Leave::new(user("bob")), &by("bob"));
    }),
    ("group-created", |world| {
        let settings =
            GroupSettings::named("Green").kind("team").described("We grow.").about("https://green.example/");
        world.ok(CreateGroup::new(group("green"), settings.open_with(Access::role("client"))), &by("ada"));
    }),
    ("group-changed", |world| {
        let settings =
            GroupSettings::named("Red").by_request_with(Access::role("client").adding("posts.create"));
        world.ok(ChangeGroup::new(group("red"), settings), &by("ada"));
    }),
    ("group-archived", |world| {
        world.ok(ChangeGroupStatus::archive(group("red")), &by("ada"));
    }),
    ("group-restored", |world| {
        world.ok(ChangeGroupStatus::archive(group("red")), &by("ada"));
        world.ok(ChangeGroupStatus::restore(group("red")), &by("ada"));
    }),
    ("group-closed", |world| {
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
    }),
    ("group-settled", |world| {
        world.ok(ChangeGroupStatus::close(group("red")), &by("ada"));
        world.ok(Tidy::new(1), &Actor::System);
    }),
    ("link-created", |world| {
        linked(world);
    }),
    ("link-edited", |world| {
        let link = linked(world);
        world.ok(EditLink::new(link, LinkSettings::new("Clients", Grant::role("client"))), &by("ada"));
    }),
    ("link-switched-off", |world| {
        let link = linked(world);
        world.ok(SwitchLink::off(link), &by("ada"));
    }),
    ("link-switched-on", |world| {
        let link = linked(world);
        world.ok(SwitchLink::off(link), &by("ada"));
        world.ok(SwitchLink::on(link), &by("ada"));
    }),
    ("link-refreshed", |world| {
        let link = linked(world);
        world.ok(SwitchLink::refresh(link), &by("ada"));
    }),
    ("link-used", |world| {
        let link = linked(world);
        world.join_by(link, "bob").unwrap();
    }),
    ("link-handed-over", |world| {
        let link = linked(world);
        world.add("dan", Grant::role("admin"));
        world.ok(EditLink::new(link, LinkSettings::new("Clients", Grant::role("client"))), &by("dan"));
    }),
    ("link-ended", |world| {
        let link = linked(world);
        world.ok(SwitchLink::remove(link), &by("ada"));
    }),
    ("verified-domains-changed", |world| {
        world.by_links(["red"]);
        let green =
            VerifiedDomain::joins(Grant::role("client").restricted("account", Restriction::only(["a"])));
        world.verify([
            ("green.example", green),
            ("red.example", VerifiedDomain::asks(in_group("client", "red"))),
        ]);
    }),
    ("request-made", |world| {
        asked(world);
    }),
    ("request-approved", |world| {
        world.add("mia", Grant::role("member").adding(Permission::PROPOSE));
        let id = world.propose(address(BOB), Grant::role("client"), "mia");
        world.ok(Approve::one(id), &by("ada"));
    }),
    ("request-denied", |world| {
        let id = asked(world);
        world.ok(Deny::one(id).because("not now"), &by("ada"));
    }),
    ("request-withdrawn", |world| {
        let id = asked(world);
        world.ok(Withdraw::new(id), &by("bob"));
    }),
    ("request-expired", |world| {
        asked(world);
        world.wait(TimeDelta::days(14));
        world.ok(Tidy::new(1), &Actor::System);
    }),
    ("request-settled", |world| {
        asked(world);
        world.add("bob", Grant::role("client"));
    }),
    ("suppressed", |world| {
        let id = invited(world);
        let token = world.token(id, Purpose::Unsubscribe);
        world.ok(Unsubscribe::new(token), &Actor::System);
    }),
    ("invitation-erased", |world| {
        let id = invited(world);
        world.ok(Decline::inbox(id, person("bob")).reason("not now"), &by("bob"));
        world.ok(Erase::new(address(BOB)), &Actor::System);
    }),
    ("request-erased", |world| {
        let id = asked(world);
        world.ok(Deny::one(id).because("not now"), &by("ada"));
        world.ok(Erase::new(address(BOB)), &Actor::System);
    }),
    ("member-erased", |world| {
        added(world);
        world.ok(Erase::new(user("bob")), &Actor::System);
    }),
    ("suppression-erased", |world| {
        let id = invited(world);
        let token = world.token(id, Purpose::Unsubscribe);
        world.ok(Unsubscribe::new(token), &Actor::System);
        world.ok(Erase::new(address(BOB)).dropping_blocks(), &Actor::System);
    }),
    ("unsuppressed", |world| {
        let id = world.invite(user("bob"), Grant::role("member"), &by("ada"));
        world.ok(Decline::inbox(id, stranger("bob")).block(Block::Organization), &by("bob"));
        world.ok(Unblock::new(person("bob"), SuppressionKind::Invitations), &by("bob"));
    }),
];

/// What a record tells, without what differs from one to the next: sequence and ids of ours.
fn told(record: &EventRecord) -> Value {
    let mut told = json!({
        "kind": record.kind,
        "format": record.format,
        "at": record.at,
        "actor": record.actor,
        "about_an_invitation": record.invitation.is_some(),
        "user": record.user,
        "data": serde_json::to_value(&record.data).unwrap(),
    });
    if let Some(group) = &record.group {
        told["group"] = json!(group);
    }
    if record.request.is_some() {
        told["about_a_request"] = json!(true);
    }
    if record.link.is_some() {
        told["about_a_link"] = json!(true);
    }
    told
}

/// `INVITE_NEW_GOLDEN=1` writes the files of kinds that have none, and no other.
#[test]
fn every_kind_of_record_is_as_its_golden_file_says_sto_7() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/events");
    for &(kind, make) in KINDS {
        let mut world = World::with(team_of(5));
        make(&mut world);
        let record = world.rows().events.iter().rfind(|record| record.kind == kind).expect(kind);
        assert_eq!(record.format, RECORD_FORMAT);
        let path = folder.join(format!("{kind}.v{RECORD_FORMAT}.json"));
        let found = told(record);
        if !path.exists() && std::env::var_os("INVITE_NEW_GOLDEN").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&found).unwrap())).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{kind} has no golden file"));
        let golden: Value = serde_json::from_str(&golden).unwrap();
        assert_eq!(found, golden, "{kind}");
    }
}

#[test]
fn every_kind_that_the_source_names_is_among_them() {
    let source = include_str!("../state/event.rs");
    let (_, source) = source.split_once("fn kind(&self)").unwrap();
    let (source, _) = source.split_once("\n    }\n").unwrap();
    let named = source
        .match_indices("=> \"")
        .map(|(at, arrow)| source[at + arrow.len()..].split_once('"').unwrap().0.to_owned());
    let made = KINDS.iter().map(|(kind, _)| (*kind).to_owned());
    assert_eq!(named.collect::<BTreeSet<String>>(), made.collect::<BTreeSet<String>>());
}
