//! F10 and LIF-12. Every command takes an idempotency key: a repeat returns the first outcome and sends no second mail.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Mutex;

use chrono::TimeDelta;
use invite::core::{
    CreateOrganization, Domain, Erase, LinkSettings, Operation, SuppressionKind, VerifiedDomain,
};
use invite::{
    Access, Acting, Block, Command, Error, FormerOwner, Grant, GroupSettings, InvitationId, Limit, NewMember,
    Plan, Principal, Scope, Settings,
};
use serde::Serialize;
use tests::{
    Listed, World, address, at_once, code, group, newcomer, on_every_store, operations, person, refused,
    token, user,
};

/// What can be seen of an organization: its log, its lists, its mails.
async fn seen(world: &World) -> (Vec<String>, Vec<String>, usize) {
    let acme = world.acme_by("ada");
    world.deliver().await;
    (acme.history().await, acme.names().await, world.mailer.sent().len())
}

/// Performs a command, and repeats it with the same key: the outcome is the first one, and nothing happens.
async fn twice<O: Operation>(world: &World, command: impl Fn() -> Command<O>) -> O::Outcome
where
    O::Outcome: Serialize,
{
    let before = seen(world).await;
    let key = format!("key of {} after {}", O::NAME, before.0.len());
    let first = command().idempotency_key(&key).await.unwrap_or_else(|error| panic!("{}: {error}", O::NAME));
    let after = seen(world).await;
    assert_ne!(after.0, before.0, "{} did something", O::NAME);
    for time in [TimeDelta::zero(), TimeDelta::hours(1)] {
        world.pass(time);
        let again =
            command().idempotency_key(&key).await.unwrap_or_else(|error| panic!("{}: {error}", O::NAME));
        assert_eq!(text(&again), text(&first), "{}", O::NAME);
        assert_eq!(seen(world).await, after, "{}: no second event, no second mail", O::NAME);
    }
    REPEATED.lock().unwrap().insert(O::NAME);
    first
}

/// The operations that were repeated.
static REPEATED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

fn text(outcome: &impl Serialize) -> String {
    serde_json::to_string(outcome).unwrap()
}

fn first_of(invited: &invite::Invited) -> InvitationId {
    invited.invitations().next().unwrap()
}

fn plan() -> Plan {
    Plan::seats("team", 20).and_seats("client", Limit::Unlimited)
}

async fn groups_and_links(world: &World, acme: &Acting) {
    let teal = || GroupSettings::named("Teal").open_with(Access::role("client"));
    twice(world, || acme.create_group("teal", GroupSettings::named("Teal"))).await;
    twice(world, || acme.change_group("teal", teal())).await;
    twice(world, || acme.archive_group("teal")).await;
    twice(world, || acme.restore_group("teal")).await;
    twice(world, || acme.organization().join_group("teal", person("bob"))).await;

    let clients = || LinkSettings::new("Clients", Grant::role("client"));
    let link = twice(world, || acme.create_link(clients())).await.link;
    twice(world, || acme.edit_link(link, clients().max_uses(9))).await;
    twice(world, || acme.switch_link_off(link)).await;
    twice(world, || acme.switch_link_on(link)).await;
    twice(world, || acme.refresh_link(link)).await;
    let shown = token(&acme.show_link(link).await.unwrap().reveal());
    twice(world, || world.invite.join(&shown, person("hal"))).await;
    let row = acme.organization().link(link).await.unwrap().unwrap();
    assert_eq!(row.uses, 1, "a link is used once");
}

async fn requests_and_domains(world: &World, acme: &Acting) {
    let host = acme.organization();
    let asking = LinkSettings::new("Asking", Grant::role("client")).by_request();
    let link = acme.create_link(asking).await.unwrap().link;
    let shown = token(&acme.show_link(link).await.unwrap().reveal());
    let ivy = twice(world, || world.invite.ask_to_join(&shown, person("ivy"))).await.request;
    let jon = twice(world, || world.invite.ask_to_join(&shown, person("jon"))).await.request;
    twice(world, || acme.approve(ivy)).await;
    twice(world, || acme.deny(jon)).await;
    let kim = twice(world, || acme.propose(address("kim@example.com"), Grant::role("client"))).await.request;
    twice(world, || acme.withdraw(kim)).await;
    let work = || [(Domain::parse("work.example").unwrap(), VerifiedDomain::joins(Grant::role("client")))];
    twice(world, || host.as_system().change_verified_domains(work())).await;
    let lee = || Principal::user("lee").vouched("lee@work.example");
    twice(world, || host.join_by_domain(lee())).await;
}

on_every_store! {
    async fn f10_every_command_repeated_with_its_key_has_one_effect(world) {
        let organization = world.invite.organization("acme");
        let create = || organization.create(Settings::named("Acme Ltd"), user("ada"), plan());
        create().idempotency_key("k").await.unwrap();
        create().idempotency_key("k").await.unwrap();
        let acme = organization.by("ada");
        assert_eq!(acme.history().await, ["organization-created", "member-joined"]);
        REPEATED.lock().unwrap().insert(CreateOrganization::NAME);

        let list = "bob@example.com, eve@example.com, nobody, bob@example.com, dan@example.com";
        let invited = twice(&world, || acme.invite(list, Grant::role("member"))).await;
        assert_eq!(invited.len(), 3);
        let [bob, eve, dan] = invited.invitations().collect::<Vec<_>>()[..] else { panic!("three of them") };
        twice(&world, || acme.edit(bob, Grant::role("client"))).await;
        twice(&world, || acme.remind(bob)).await;
        twice(&world, || acme.resend(bob)).await;
        twice(&world, || acme.revoke(dan)).await;

        let (bobs, eves) = (world.token_to("bob@example.com"), world.token_to("eve@example.com"));
        twice(&world, || world.invite.accept(&bobs, person("bob"))).await;
        twice(&world, || world.invite.decline(&eves, person("eve")).with(|it| it.block(Block::Organization)))
            .await;
        twice(&world, || organization.unblock(person("eve"), SuppressionKind::Invitations)).await;
        let unsubscribing = world.mail_to("eve@example.com").unsubscribe_token();
        twice(&world, || world.invite.unsubscribe(&unsubscribing)).await;
        assert_eq!(acme.entry("eve@example.com").await.0.id, eve);

        let newcomers = || ["fay", "gus"].map(|name| NewMember::new(user(name), Grant::role("client")));
        twice(&world, || acme.add_members(newcomers())).await;
        twice(&world, || acme.change_access("fay", Grant::role("member"))).await;
        twice(&world, || acme.create_group("red", GroupSettings::named("Red"))).await;
        let red = || Scope::Group(group("red"));
        twice(&world, || acme.change_access_in("fay", red(), Access::role("client"))).await;
        twice(&world, || organization.by("fay").leave_group("red")).await;
        twice(&world, || acme.remove("gus")).await;
        twice(&world, || organization.by("fay").leave()).await;
        twice(&world, || acme.offer_ownership("bob", FormerOwner::Becomes(Access::role("admin")))).await;
        twice(&world, || organization.as_system().change_plan(plan().pending(Limit::AtMost(9)))).await;
        twice(&world, || acme.change_settings(Settings::named("Acme").described("Everything"))).await;
        groups_and_links(&world, &acme).await;
        requests_and_domains(&world, &acme).await;
        twice(&world, || acme.suspend_member("bob")).await;
        twice(&world, || acme.restore_member("bob")).await;
        twice(&world, || organization.as_system().run(Erase::new(address("eve@example.com")))).await;
        twice(&world, || acme.suspend()).await;
        acme.invite("late@example.com", Grant::role("member")).await.unwrap_err();
        acme.resume().await.unwrap();
        let late = acme.invite("late@example.com", Grant::role("member")).await.unwrap();
        assert_eq!(late.len(), 1);
        world.pass(TimeDelta::days(7));
        twice(&world, || organization.maintain(10)).await;
        twice(&world, || acme.close()).await;
        let repeated = REPEATED.lock().unwrap().iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(repeated, operations(), "every operation is repeated");
    }

    async fn f10_another_command_with_the_same_key_is_refused(world) {
        let acme = world.acme().await;
        let invite =
            |to: &str, role: &str| acme.invite(to, Grant::role(role.to_owned())).idempotency_key("k1");
        invite("bob@example.com", "member").await.unwrap();
        let (code_of_reuse, what) = ("idempotency-key-reused", "use a new key for a new command");
        for (to, role) in [("eve@example.com", "member"), ("bob@example.com", "client")] {
            let error = Error::<invite::AnyRefusal>::from(invite(to, role).await.unwrap_err());
            assert_eq!((error.code(), error.rule(), error.remedy()), (code_of_reuse, None, what.to_owned()));
        }
        let other_message = invite("bob@example.com", "member").with(|invite| invite.message("Come in"));
        assert_eq!(code(other_message.await), code_of_reuse);
        assert_eq!(acme.waiting().await, ["bob@example.com"]);
        assert_eq!(acme.history().await.len(), 3);
    }

    async fn f10_a_key_belongs_to_its_actor_and_operation_and_organization(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let globex =
            world.invite.create_organization("globex", "Globex", "ada", plan()).await.unwrap().by("ada");
        let by_ada =
            acme.invite("bob@example.com", Grant::role("member")).idempotency_key("k").await.unwrap();
        let by_amy = amy.invite("eve@example.com", Grant::role("member")).idempotency_key("k").await.unwrap();
        let system = acme.organization().as_system();
        system.invite("dan@example.com", Grant::role("member")).idempotency_key("k").await.unwrap();
        globex.invite("eve@example.com", Grant::role("member")).idempotency_key("k").await.unwrap();
        acme.remind(first_of(&by_ada)).idempotency_key("k").await.unwrap();
        acme.revoke(first_of(&by_amy)).idempotency_key("k").await.unwrap();
        assert_eq!(acme.waiting().await.len(), 2);
        assert_eq!(globex.waiting().await, ["eve@example.com"]);
    }

    async fn f10_a_key_is_kept_for_24_hours(world) {
        let acme = world.acme().await;
        let invite = || acme.invite("bob@example.com", Grant::role("member")).idempotency_key("k");
        let first = invite().await.unwrap();
        acme.revoke(first_of(&first)).await.unwrap();
        world.pass(TimeDelta::hours(24) - TimeDelta::microseconds(1));
        assert_eq!(invite().await.unwrap(), first, "though it was revoked since");
        assert_eq!(acme.waiting().await, [""; 0]);
        world.pass(TimeDelta::microseconds(1));
        let second = invite().await.unwrap();
        assert_ne!(first_of(&second), first_of(&first));
        assert_eq!(acme.waiting().await, ["bob@example.com"]);
        world.pass(TimeDelta::hours(23));
        assert_eq!(invite().await.unwrap(), second, "the second one is kept for another day");
    }

    async fn f10_what_was_refused_as_a_whole_is_decided_anew(world) {
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        acme.invite("eve@example.com", Grant::role("member")).await.unwrap();
        let invite = || acme.invite("bob@example.com", Grant::role("member")).idempotency_key("k");
        refused(invite().await, "no-seat-left", "SEA-1", "change the plan");
        let other = acme.invite("dan@example.com", Grant::role("member")).idempotency_key("k").await;
        refused(other, "no-seat-left", "SEA-1", "change the plan");
        acme.organization().as_system().change_plan(plan()).await.unwrap();
        assert_eq!(invite().await.unwrap().len(), 1);
        assert_eq!(
            code(acme.invite("dan@example.com", Grant::role("member")).idempotency_key("k").await),
            "idempotency-key-reused"
        );
    }

    async fn f10_what_was_refused_in_part_is_remembered_as_it_was(world) {
        let acme = world.acme_on(Plan::seats("team", 1)).await;
        let invite =
            || acme.invite("bob@example.com, eve@example.com", Grant::role("member")).idempotency_key("k");
        let first = invite().await.unwrap();
        assert_eq!((first.len(), first.refused().count()), (1, 1));
        acme.organization().as_system().change_plan(plan()).await.unwrap();
        assert_eq!(invite().await.unwrap(), first);
        assert_eq!(acme.waiting().await, ["bob@example.com"]);
    }

    async fn f10_one_key_twenty_times_at_once_in_two_processes_has_one_effect(world) {
        let acme = world.acme().await;
        let processes = [world.clone(), world.another_process()];
        let twenty = (0..20).map(|n| {
            let acting = processes[n % 2].acme_by("ada");
            async move {
                let invited = acting.invite(address("bob@example.com"), Grant::role("member"));
                text(&invited.idempotency_key("k").await.unwrap())
            }
        });
        let mut outcomes = at_once(twenty).await;
        outcomes.dedup();
        assert_eq!(outcomes.len(), 1, "all of them get the outcome of the first");
        assert_eq!(acme.history().await.len(), 3);
        assert_eq!(world.deliver().await.sent, 1);
    }

    async fn f10_a_token_in_a_command_is_part_of_what_its_key_stands_for(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com, eve@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let (bobs, eves) = (world.token_to("bob@example.com"), world.token_to("eve@example.com"));
        let first = world.invite.accept(&bobs, person("bob")).idempotency_key("k").await.unwrap();
        assert_eq!(world.invite.accept(&bobs, person("bob")).idempotency_key("k").await.unwrap(), first);
        let other = world.invite.accept(&eves, person("bob")).idempotency_key("k").await;
        assert_eq!(code(other), "idempotency-key-reused");
        let other = world.invite.accept(&bobs, newcomer("bob")).idempotency_key("k").await;
        assert_eq!(code(other), "idempotency-key-reused", "as is who presents it");
        let unkeyed = world.invite.accept(&bobs, person("bob")).await;
        refused(unkeyed, "already-accepted", "LIF-1", "nothing to do");
    }

    async fn f10_maintenance_forgets_keys_that_are_past_their_time(world) {
        let acme = world.acme().await;
        for n in 0..5 {
            let invite = acme.invite(format!("u{n}@example.com"), Grant::role("member"));
            invite.idempotency_key(format!("k{n}")).await.unwrap();
            world.pass(TimeDelta::hours(1));
        }
        assert_eq!(world.invite.maintain(100).await.unwrap(), 0);
        world.pass(TimeDelta::hours(24 - 5));
        assert_eq!(world.invite.maintain(100).await.unwrap(), 1, "at its very end it is over");
        world.pass(TimeDelta::hours(4));
        assert_eq!(world.invite.maintain(3).await.unwrap(), 3, "no more than asked for");
        assert_eq!(world.invite.maintain(3).await.unwrap(), 1);
        assert_eq!(world.invite.maintain(3).await.unwrap(), 0);
        assert_eq!(acme.waiting().await.len(), 5);
    }

    async fn f10_what_changes_nothing_is_no_matter_for_a_key(world) {
        let acme = world.acme().await;
        let same = || {
            acme.organization()
                .as_system()
                .change_plan(Plan::seats("team", 5).and_seats("client", Limit::AtMost(5)))
        };
        same().idempotency_key("k").await.unwrap();
        let other = acme.organization().as_system().change_plan(plan());
        other.idempotency_key("k").await.unwrap();
        assert_eq!(acme.history().await.len(), 3);
    }
}

/// Keys are refused that cannot be kept.
#[tokio::test]
async fn f10_a_key_is_a_short_text() {
    let world = World::on(tests::Store::memory().await);
    let acme = world.acme().await;
    for (key, fits) in
        [("k", true), (&"k".repeat(255), true), ("", false), (&"k".repeat(256), false), ("a\nb", false)]
    {
        let bulk = acme.remove_many([user("eve")]).idempotency_key(key).await;
        assert_eq!(code(bulk), if fits { "unknown-member" } else { "invalid-input" }, "{} bytes", key.len());
    }
}
