//! F. What demanding users ask: authority, dry runs, refusals, links, ownership, delivery, metadata. The races of F1
//! are in `f1_races.rs`, F10 in `idempotency.rs`, the secrets of F7 in `secrets.rs`.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use chrono::TimeDelta;
use invite::mailer::{BuiltInTemplates, InvitationMail, Rendered, TemplateError};
use invite::{
    Access, AccessModel, Deliver, FormerOwner, Grant, InviteOutcome, InviterPolicy, MetadataPolicy, Mode,
    Next, OnPending, PageRequest, Permission, Plan, Refusal, Restriction, Role, Templates,
};
use tests::{Listed, Store, World, address, newcomer, on_every_store, person, refused, user};

/// A model like the preset, small, with a policy for inviters who were demoted or left.
fn model(policy: InviterPolicy) -> AccessModel {
    let work = ["posts.view", "posts.publish"];
    AccessModel::builder()
        .permissions(work)
        .role(Role::new("lead").with(work).with(Permission::OWN).may_grant(["lead", "member"]))
        .role(Role::new("member").with(work))
        .seat("team", [] as [&str; 0])
        .inviter_policy(policy)
        .build()
        .unwrap()
}

/// Where an inviter of role `lead` has invited bob as a member, and the mail is there.
async fn invited_by_a_lead(store: Store, policy: InviterPolicy) -> World {
    let world = World::with_model(store, model(policy));
    world.acme_on(Plan::seats("team", 10)).await;
    let lena = world.joins("lena", Grant::role("lead")).await;
    lena.invite("bob@example.com", Grant::role("member")).await.unwrap();
    world.deliver().await;
    world
}

/// What can happen to an inviter between sending and acceptance, and what that leaves of a grant to publish:
/// everything, less, or nothing.
async fn happens(world: &World, what: &str) {
    let acme = world.acme_by("ada");
    match what {
        "nothing" => {}
        "demoted" => drop(acme.change_access("lena", Grant::role("member")).await.unwrap()),
        "may not publish any more" => {
            drop(acme.change_access("lena", Grant::role("lead").removing("posts.publish")).await.unwrap());
        }
        "removed" => drop(acme.remove("lena").await.unwrap()),
        "left" => drop(world.acme_by("lena").leave().await.unwrap()),
        other => panic!("{other}"),
    }
}

on_every_store! {
    async fn f2_nobody_grants_what_they_do_not_hold(world) {
        let acme = world.acme().await;
        let limited = Grant::role("admin")
            .removing("accounts.delete")
            .restricted("line", Restriction::only(["1", "2"]));
        let amy = world.joins("amy", limited).await;
        let lines = |lines: &[&str]| Restriction::only(lines.iter().copied());
        for (what, grant, missing) in [
            (
                "a permission of the role",
                Grant::role("member").restricted("line", lines(&["1"])),
                "accounts.delete",
            ),
            (
                "an added permission",
                Grant::role("client").restricted("line", lines(&["1"])).adding("invite.organization.close"),
                "organization.close",
            ),
            ("all lines", Grant::role("client"), "for each line"),
            ("another line", Grant::role("client").restricted("line", lines(&["1", "3"])), "for each line"),
        ] {
            let invited = amy.invite("bob@example.com", grant).await;
            let said = invited.as_ref().unwrap_err().to_string();
            assert!(said.contains(missing), "{what}: {said}");
            refused(invited, "not-grantable", "AUT-2", "grant less, or ask somebody who has");
        }
        let within = Grant::role("member").removing("accounts.delete").restricted("line", lines(&["1"]));
        amy.invite("bob@example.com", within).await.unwrap();

        let (row, _) = acme.entry("bob@example.com").await;
        let edited = amy.edit(row.id, Grant::role("member")).await;
        refused(edited, "not-grantable", "AUT-2", "grant less, or ask somebody who has");
        acme.edit(row.id, Grant::role("member")).await.unwrap();
        refused(amy.resend(row.id).await, "not-grantable", "AUT-2", "grant less, or ask somebody who has");
        let replaced = amy.invite("bob@example.com", Grant::role("client").restricted("line", lines(&["1"])));
        replaced.with(|invite| invite.on_pending(OnPending::Replace)).await.unwrap();
    }

    async fn f2_at_acceptance_the_inviter_is_looked_at_again_strictly_by_default(world) {
        for what in ["nothing", "demoted", "may not publish any more", "removed", "left"] {
            let world = invited_by_a_lead(world.store.another().await, InviterPolicy::default()).await;
            happens(&world, what).await;
            let accepted = world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await;
            let acme = world.acme_by("ada");
            if what == "nothing" {
                accepted.unwrap();
                continue;
            }
            refused(accepted, "inviter-no-longer-may", "AUT-4", "ask somebody who may for a new invitation");
            assert_eq!(acme.waiting().await, ["bob@example.com"], "{what}: nobody's silent loss");

            let (row, _) = acme.entry("bob@example.com").await;
            acme.invite("bob@example.com", Grant::role("member"))
                .with(|invite| invite.on_pending(OnPending::Replace))
                .await
                .unwrap();
            world.deliver().await;
            world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
            let replaced = acme.organization().invitation(row.id).await.unwrap().unwrap();
            assert!(!replaced.is_open(), "{what}");
        }
    }

    async fn f2_an_invitation_keeps_what_it_grants_by_policy(world) {
        for what in ["nothing", "demoted", "may not publish any more", "removed", "left"] {
            let world = invited_by_a_lead(world.store.another().await, InviterPolicy::Keep).await;
            happens(&world, what).await;
            world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
            assert!(world.acme_by("ada").may("bob", "posts.publish").await.unwrap(), "{what}");
        }
    }

    async fn f2_an_invitation_is_reduced_to_what_the_inviter_may_still_grant_by_policy(world) {
        for (what, left) in [
            ("nothing", Some(true)),
            ("may not publish any more", Some(false)),
            ("demoted", None),
            ("removed", None),
            ("left", None),
        ] {
            let world = invited_by_a_lead(world.store.another().await, InviterPolicy::Reduce).await;
            happens(&world, what).await;
            let accepted = world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await;
            let acme = world.acme_by("ada");
            match left {
                None => refused(accepted, "inviter-no-longer-may", "AUT-4", "ask somebody who may"),
                Some(publishes) => {
                    accepted.unwrap();
                    assert!(acme.may("bob", "posts.view").await.unwrap(), "{what}");
                    assert_eq!(acme.may("bob", "posts.publish").await.unwrap(), publishes, "{what}");
                }
            }
        }
    }

    async fn f2_a_role_means_what_it_is_at_acceptance(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        amy.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        acme.change_access("amy", Grant::role("admin").adding("invite.organization.close")).await.unwrap();
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        assert!(!acme.may("bob", "invite.organization.close").await.unwrap());
    }

    async fn f5_a_dry_run_says_for_each_address_what_would_happen_and_changes_nothing(world) {
        let acme = world.acme_on(Plan::seats("team", 3)).await;
        world.joins("bob", Grant::role("member")).await;
        acme.invite("eve@example.com", Grant::role("member")).await.unwrap();
        let before = (acme.history().await, acme.names().await, acme.seats_of("team").await);

        let list =
            "bob@example.com, eve@example.com, dan@example.com, nobody, fay@example.com, dan@example.com";
        let invite = || acme.invite(list, Grant::role("member")).with(|invite| invite.message("Come in"));
        let dry = invite().dry_run().await.unwrap();
        let outcome = |outcome: &InviteOutcome| match outcome {
            InviteOutcome::Refused { reason } => reason.code(),
            InviteOutcome::Invited { .. } => "invited",
            InviteOutcome::Duplicate { of: 2 } => "duplicate of the third",
            other => panic!("{other:?}"),
        };
        let would = dry.outcome.as_ref().unwrap().results.iter().map(|result| outcome(&result.outcome));
        let would = would.collect::<Vec<_>>();
        assert_eq!(
            would,
            [
                "already-member",
                "already-invited",
                "invited",
                "invalid-address",
                "no-seat-left",
                "duplicate of the third",
            ]
        );
        let taken = |seats: &[invite::SeatUse]| (seats[0].used, seats[0].reserved);
        assert_eq!((taken(&dry.seats), taken(&dry.seats_after)), ((1, 1), (1, 2)));
        assert_eq!(dry.seats_needed, [2, 0], "one more than there are");
        let why = dry.checks_of(4).filter_map(|check| Some((check.rule, check.refused?))).collect::<Vec<_>>();
        assert_eq!(why, [("SEA-1", "no-seat-left")], "rule by rule");
        let to = dry.mails.iter().map(|(_, row)| row.mail_to.clone().unwrap());
        assert_eq!(to.collect::<Vec<_>>(), [address("dan@example.com")]);

        let mail = acme.preview_mail(&dry).await.unwrap().unwrap();
        assert_eq!(mail.subject, "Ada Lovelace invites you to join Acme Ltd");
        assert!(mail.text.contains("> Come in") && mail.text.contains("https://app.example/join#preview"));
        assert!(!mail.text.contains("inv_") && !mail.html.as_ref().unwrap().contains("inv_"), "no live link (MAI-8)");

        let after = (acme.history().await, acme.names().await, acme.seats_of("team").await);
        assert_eq!(after, before);
        assert_eq!(world.deliver().await.sent, 1, "eve's, and no other");

        let done = invite().await.unwrap();
        assert_eq!(done.results.iter().map(|result| outcome(&result.outcome)).collect::<Vec<_>>(), would);
        world.deliver().await;
        let sent = world.mail_to("dan@example.com");
        assert_eq!(sent.subject, mail.subject);
        assert_eq!(Some(sent.html_as_previewed()), mail.html);
        assert_eq!(
            sent.text.replace(&sent.link(), "https://app.example/join#preview"),
            mail.text + &format!("\nNo more of these mails: {}\n", sent.unsubscribe())
        );
    }

    async fn f5_a_dry_run_of_what_would_be_refused_says_so(world) {
        let acme = world.acme().await;
        let bob = world.joins("bob", Grant::role("member")).await;
        let dry = bob.invite("eve@example.com", Grant::role("member")).dry_run().await.unwrap();
        assert_eq!(dry.outcome.unwrap_err().code(), "not-permitted");
        let all = acme.invite("eve@example.com, nobody", Grant::role("member"));
        let dry = all.with(|invite| invite.mode(Mode::AllOrNothing)).dry_run().await.unwrap();
        assert_eq!(dry.outcome.as_ref().unwrap_err().code(), "partly-refused");
        assert_eq!(dry.mails.len(), 0);
        assert!(acme.preview_mail(&dry).await.unwrap().is_none());
        assert_eq!(dry.seats_after, dry.seats);
    }

    async fn f5_a_dry_run_knows_what_expired_meanwhile(world) {
        let acme = world.acme_on(Plan::seats("team", 300)).await;
        let list = |name: &str| (0..300).map(|n| format!("{name}{n}@example.com\n")).collect::<String>();
        acme.invite(list("a"), Grant::role("member")).await.unwrap();
        assert_eq!(acme.invite(list("b"), Grant::role("member")).dry_run().await.unwrap().mails.len(), 0);
        world.pass(TimeDelta::days(7));
        let dry = acme.invite(list("b"), Grant::role("member")).dry_run().await.unwrap();
        assert_eq!(dry.mails.len(), 300);
        assert_eq!(acme.seats_of("team").await, (0, 0));
    }

    async fn f7_a_reminder_repeats_the_link_and_copy_shows_one_that_proves_nothing(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let first = world.mail_to("bob@example.com");
        let (row, _) = acme.entry("bob@example.com").await;
        world.pass(TimeDelta::days(5));
        acme.remind(row.id).await.unwrap();
        world.deliver().await;
        let reminder = world.mail_to("bob@example.com");
        assert_eq!(reminder.subject, "Reminder: Ada Lovelace invites you to join Acme Ltd");
        assert_eq!(reminder.link(), first.link());
        assert_ne!(reminder.id, first.id, "it is another mail");

        let copied = acme.copy_link(row.id).await.unwrap();
        assert_eq!(copied.reveal(), acme.copy_link(row.id).await.unwrap().reveal(), "as often as one likes");
        assert_ne!(copied.reveal(), first.link());
        let token = tests::token(&copied.reveal());
        let preview = world.invite.preview(&token, None).await.unwrap();
        assert_eq!((preview.next, preview.proves_address, preview.email), (Next::SignIn, false, None));
        let accepted = world.invite.accept(&token, newcomer("ada2")).await;
        refused(accepted, "address-not-verified", "IDN-1", "verify the address, then accept again");
        let accepted = world.invite.accept(&token, person("bob")).await.unwrap();
        assert_eq!(accepted.proven, Some(address("bob@example.com")), "the host vouched for it");
        refused(acme.copy_link(row.id).await, "already-accepted", "LIF-1", "nothing to do");
        refused(acme.remind(row.id).await, "already-accepted", "LIF-1", "nothing to do");
    }

    async fn f7_whoever_may_not_see_the_link_is_refused(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin").removing("posts.publish")).await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        acme.organization().as_system().invite("eve@example.com", Grant::role("admin")).await.unwrap();
        let (eve, _) = acme.entry("eve@example.com").await;
        let (code, rule) = ("not-permitted", "AUT-1");
        for name in ["mallory", "cleo"] {
            if name == "cleo" {
                world.joins("cleo", Grant::role("client")).await;
            }
            refused(
                world.acme_by(name).copy_link(eve.id).await,
                code,
                rule,
                "ask somebody of role admin, owner",
            );
        }
        // Whoever hands a link over must be able to grant what it leads to.
        refused(amy.copy_link(eve.id).await, "not-grantable", "AUT-2", "ask somebody");
        acme.copy_link(eve.id).await.unwrap();
        let globex = world.invite.create_organization("globex", "Globex", "gus", Plan::seats("team", 5));
        let gus = globex.await.unwrap().by("gus");
        refused(
            gus.copy_link(eve.id).await,
            "unknown-invitation",
            "STO-2",
            "check the id and the organization",
        );
    }

    async fn f16_ownership_is_offered_accepted_and_the_former_owner_becomes_what_was_said(world) {
        let acme = world.acme().await;
        let olga = world.joins("olga", Grant::role("member")).await;
        let former = FormerOwner::Becomes(Access::role("admin"));
        let offered = acme.offer_ownership("olga", former).await.unwrap();
        assert_eq!(acme.role_of("olga").await.as_deref(), Some("member"), "nothing yet");
        world.deliver().await;
        let mail = world.mail_to("olga@example.com");
        assert_eq!(mail.subject, "Ada Lovelace offers you the ownership of Acme Ltd");
        let told = "The role of Ada Lovelace afterwards: admin";
        assert!(mail.text.contains(told), "{}", mail.text);
        let told = "The role of <bdi>Ada Lovelace</bdi> afterwards: <strong><bdi>admin</bdi></strong>";
        assert!(mail.html.contains(told), "{}", mail.html);
        let preview = world.invite.preview(&mail.token(), Some(person("olga"))).await.unwrap();
        assert_eq!((preview.next, preview.invitation), (Next::Accept, Some(offered.invitation)));
        assert_eq!(preview.former_role, Some("admin".into()));

        let accepted = world.invite.accept(&mail.token(), person("eve")).await;
        refused(accepted, "wrong-account", "IDN-9", "sign in with the account that was invited");
        let accepted = world.invite.accept(&mail.token(), person("olga")).await.unwrap();
        assert!(accepted.grants.is_owner());
        assert_eq!(acme.role_of("olga").await.as_deref(), Some("owner"));
        assert_eq!(acme.role_of("ada").await.as_deref(), Some("admin"));
        assert_eq!(acme.seats_of("team").await, (1, 0), "ada takes the seat that olga let go");
        refused(acme.close().await, "not-permitted", "AUT-1", "ask somebody of role owner");
        olga.remove("ada").await.unwrap();
    }

    async fn f16_both_are_owners_where_the_former_one_stays(world) {
        let acme = world.acme().await;
        world.joins("olga", Grant::role("client")).await;
        acme.offer_ownership("olga", FormerOwner::Stays).await.unwrap();
        let inbox = world.invite.inbox(person("olga"), &PageRequest::default()).await.unwrap();
        assert_eq!((inbox.items.len(), inbox.items[0].organization_name.as_str()), (1, "Acme Ltd"));
        world.deliver().await;
        let mail = world.mail_to("olga@example.com");
        assert!(mail.text.contains("The role of Ada Lovelace afterwards: owner"), "{}", mail.text);
        acme.organization().accept(inbox.items[0].invitation.id, person("olga")).await.unwrap();
        assert_eq!(acme.organization().get().await.unwrap().counts.owners, 2);
    }

    async fn f16_what_cannot_be_offered_or_accepted_is_refused(world) {
        let acme = world.acme_on(Plan::seats("team", 2)).await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        world.joins("olga", Grant::role("member")).await;
        let stays = || FormerOwner::Stays;
        refused(amy.offer_ownership("olga", stays()).await, "not-permitted", "F16", "ask an owner");
        refused(acme.offer_ownership("eve", stays()).await, "unknown-member", "STO-2", "check the user id");
        refused(acme.offer_ownership("ada", stays()).await, "already-owner", "F16", "nothing to do");
        let boss = FormerOwner::Becomes(Access::role("boss"));
        refused(acme.offer_ownership("olga", boss).await, "unknown-role", "AUT-3", "use a role");
        let first = acme.offer_ownership("olga", stays()).await.unwrap();
        refused(
            acme.offer_ownership("olga", stays()).await,
            "already-invited",
            "CON-3",
            "wait for an answer",
        );
        refused(amy.revoke(first.invitation).await, "not-permitted", "AUT-1", "ask somebody of role owner");

        acme.organization().decline(first.invitation, person("olga")).await.unwrap();
        let second =
            acme.offer_ownership("olga", FormerOwner::Becomes(Access::role("member"))).await.unwrap();
        world.pass(TimeDelta::days(7));
        let accepted = acme.organization().accept(second.invitation, person("olga")).await;
        refused(accepted, "expired", "LIF-1", "ask for it to be sent again");
        assert_eq!(acme.role_of("ada").await.as_deref(), Some("owner"));

        let third = acme.offer_ownership("olga", FormerOwner::Becomes(Access::role("member"))).await.unwrap();
        let system = acme.organization().as_system();
        system.change_plan(Plan::seats("team", 1)).await.unwrap();
        let accepted = acme.organization().accept(third.invitation, person("olga")).await;
        refused(accepted, "no-seat-left", "SEA-1", "change the plan");
        assert_eq!(acme.role_of("ada").await.as_deref(), Some("owner"), "all of it or nothing");
        assert_eq!(acme.role_of("olga").await.as_deref(), Some("member"));
    }

    async fn f16_an_owner_who_is_none_any_more_hands_over_nothing(world) {
        let acme = world.acme().await;
        let olga = world.joins("olga", Grant::role("member")).await;
        world.joins("pia", Grant::role("member")).await;
        let to_pia = acme.offer_ownership("pia", FormerOwner::Stays).await.unwrap();
        let to_olga =
            acme.offer_ownership("olga", FormerOwner::Becomes(Access::role("admin"))).await.unwrap();
        acme.organization().accept(to_olga.invitation, person("olga")).await.unwrap();
        let accepted = acme.organization().accept(to_pia.invitation, person("pia")).await;
        refused(accepted, "inviter-no-longer-may", "AUT-4", "ask somebody who may");
        assert_eq!(olga.organization().get().await.unwrap().counts.owners, 1);
    }

    async fn f18_the_host_delivers_the_link_by_its_own_means(world) {
        let acme = world.acme().await;
        let invite = acme.invite("bob@example.com", Grant::role("member"));
        let invited = invite.with(|invite| invite.deliver(Deliver::None)).await.unwrap();
        assert_eq!(world.deliver().await.total(), 0);
        let (row, delivery) = acme.entry("bob@example.com").await;
        assert_eq!((row.mail_to.clone(), delivery), (None, None), "the list says so");
        refused(acme.remind(row.id).await, "no-mail", "F18", "pass the copied link on by your own means");

        let link = acme.copy_link(invited.invitations().next().unwrap()).await.unwrap().reveal();
        let token = tests::token(&link);
        let accepted = world.invite.accept(&token, newcomer("bob")).await;
        refused(accepted, "address-not-verified", "IDN-1", "verify the address, then accept again");
        acme.resend(row.id).await.unwrap();
        assert_eq!(world.deliver().await.total(), 0, "a new link, and still no mail");
        let accepted = world.invite.accept(&token, person("bob")).await;
        refused(accepted, "superseded", "LIF-2", "open the link in the newest mail");
        let token = tests::token(&acme.copy_link(row.id).await.unwrap().reveal());
        world.invite.accept(&token, person("bob")).await.unwrap();
        assert_eq!(acme.users().await, ["ada", "bob"]);
        assert_eq!(world.mailer.sent().len(), 0);
    }

    async fn f18_a_user_who_is_invited_by_id_finds_it_in_the_inbox(world) {
        let acme = world.acme().await;
        acme.invite(user("bob"), Grant::role("member")).await.unwrap();
        assert_eq!(world.deliver().await.total(), 0);
        let (row, _) = acme.entry("bob").await;
        refused(acme.remind(row.id).await, "no-mail", "F18", "pass the copied link on");
        for stranger in ["eve", "ada"] {
            let inbox = world.invite.inbox(person(stranger), &PageRequest::default()).await.unwrap();
            assert_eq!(inbox.items, [], "{stranger}");
            let accepted = acme.organization().accept(row.id, person(stranger)).await;
            refused(accepted, "unknown-invitation", "STO-2", "check the id and the organization");
        }
        acme.organization().accept(row.id, newcomer("bob")).await.unwrap();
        assert_eq!(acme.users().await, ["ada", "bob"]);
    }

    async fn f19_metadata_is_on_the_invitation_and_copied_to_the_membership_by_policy(world) {
        for (policy, copied) in [(MetadataPolicy::Leave, false), (MetadataPolicy::Copy, true)] {
            let model = AccessModel::builder()
                .role(Role::new("member"))
                .seat("team", [] as [&str; 0])
                .metadata_policy(policy)
                .build()
                .unwrap();
            let world = World::with_model(world.store.another().await, model);
            let acme = world.acme_on(Plan::seats("team", 5)).await;
            let entries = vec![
                invite::InviteeEntry::typed("bob@example.com").metadata("desk", "17").metadata("team", "red"),
                invite::InviteeEntry::typed("eve@example.com"),
            ];
            let invite = acme.invite(entries, Grant::role("member"));
            invite.with(|invite| invite.metadata("team", "blue").metadata("crm", "4711")).await.unwrap();
            let notes = |notes: &[(&str, &str)]| -> BTreeMap<String, String> {
                notes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
            };
            let bobs = notes(&[("crm", "4711"), ("desk", "17"), ("team", "red")]);
            assert_eq!(acme.entry("bob@example.com").await.0.metadata, bobs);
            assert_eq!(
                acme.entry("eve@example.com").await.0.metadata,
                notes(&[("crm", "4711"), ("team", "blue")])
            );

            world.deliver().await;
            world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
            let member = acme.organization().member("bob").await.unwrap().unwrap();
            assert_eq!(member.metadata, if copied { bobs } else { notes(&[]) }, "{policy:?}");
        }
    }

    async fn f19_metadata_is_there_in_the_hosts_own_templates(world) {
        let service = world.store.connect(AccessModel::preset(), tests::keyring());
        let service =
            service.base_url("https://app.example/join").templates(Campaign).clock(world.clock.clone());
        let service = service.build().unwrap();
        let acme =
            service.create_organization("acme", "Acme Ltd", "ada", Plan::seats("team", 5)).await.unwrap();
        let invite = acme.by("ada").invite("bob@example.com", Grant::role("member"));
        invite.with(|invite| invite.metadata("campaign", "spring").locale("de-AT")).await.unwrap();
        service.courier(world.mailer.clone()).run_once(10).await.unwrap();
        assert_eq!(world.mail_to("bob@example.com").subject, "Acme Ltd (spring, de-AT)");
    }
}

/// Templates of a host that says in the subject what the metadata hold.
struct Campaign;

impl Templates for Campaign {
    fn render(&self, mail: &InvitationMail) -> Result<Rendered, TemplateError> {
        let mut words = BuiltInTemplates.render(mail)?;
        let campaign = mail.metadata().get("campaign").ok_or_else(|| TemplateError::new("no campaign"))?;
        let locale = mail.locale().unwrap_or_default();
        words.subject = format!("{} ({campaign}, {locale})", mail.organization().name());
        Ok(words)
    }
}
