//! A. Invite a colleague to an organization.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::core::DeliveryState;
use invite::{
    AnyRefusal, Expiry, Grant, InvitationFilter, InvitationState, Limit, Next, PageRequest, Plan,
    PreviewStatus, Principal, Rate,
};
use invite_memory::Failure;
use tests::{Listed, World, address, newcomer, on_every_store, person, refused, start, user};

on_every_store! {
    async fn a1_an_admin_invites_and_the_invitee_gets_a_mail_with_a_link(world) {
        world.acme().await;
        world.directory.add(user("amy"), "Amy", None);
        let amy = world.joins("amy", Grant::role("admin")).await;

        let invited = amy.invite("bob@example.com", Grant::role("member")).await.unwrap();
        assert_eq!(invited.len(), 1);
        assert_eq!(world.mails_to("bob@example.com"), 0, "the mail is sent afterwards, by a courier");
        assert_eq!(world.deliver().await.sent, 1);

        let mail = world.mail_to("bob@example.com");
        assert_eq!(mail.subject, "Amy invites you to join Acme Ltd");
        assert!(mail.text.contains("Your role: member"), "{}", mail.text);
        assert!(
            mail.text.contains("This invitation ends on Friday, 22 January 2027 at 08:00 UTC."),
            "{}",
            mail.text
        );
        assert!(mail.link().starts_with("https://app.example/join#inv_"), "the token is in the fragment");
        assert!(mail.html.contains(&mail.link()), "both parts of the mail lead to the same place");
    }

    async fn a1_an_admin_does_everything_and_a_member_uses_the_core_features(world) {
        let acme = world.acme().await;
        world.joins("amy", Grant::role("admin")).await;
        world.joins("bob", Grant::role("member")).await;
        let (yes, no) = (true, false);
        for (permission, admin, member) in [
            ("posts.create", yes, yes),
            ("posts.publish", yes, yes),
            ("invite.members.view", yes, yes),
            ("invite.members.invite", yes, no),
            ("invite.members.remove", yes, no),
            ("invite.organization.manage", yes, no),
            ("invite.organization.close", no, no),
        ] {
            assert_eq!(acme.may("amy", permission).await.unwrap(), admin, "an admin, {permission}");
            assert_eq!(acme.may("bob", permission).await.unwrap(), member, "a member, {permission}");
            assert!(acme.may("ada", permission).await.unwrap(), "an owner, {permission}");
            assert!(!acme.may("eve", permission).await.unwrap(), "a stranger, {permission}");
        }
    }

    async fn a1_what_is_typed_wrong_or_is_no_role_is_refused(world) {
        let acme = world.acme().await;
        let invited = acme.invite("bob@", Grant::role("member")).await;
        refused(invited, "invalid-address", "IDN-7", "correct the address");
        let invited = acme.invite("bob@example.com", Grant::role("boss")).await;
        refused(invited, "unknown-role", "AUT-3", "use a role that the access model declares");
        let invited = acme.invite("bob@example.com", Grant::role("owner")).await;
        refused(invited, "unknown-role", "AUT-3", "ownership is offered, not granted");
        let invited = acme.invite("", Grant::role("member")).await;
        refused(invited, "nothing-asked", "PAR-2", "name at least one");
        assert_eq!(acme.waiting().await, [""; 0]);
    }

    async fn a2_a_member_may_not_invite_and_is_told_whom_to_ask(world) {
        let acme = world.acme().await;
        let bob = world.joins("bob", Grant::role("member")).await;
        let invited = bob.invite("eve@example.com", Grant::role("member")).await;
        refused(invited, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        let invited = world.acme_by("mallory").invite("eve@example.com", Grant::role("member")).await;
        refused(invited, "not-permitted", "AUT-1", "ask somebody of role admin, owner");
        assert_eq!(acme.waiting().await, [""; 0]);

        acme.change_access("bob", Grant::role("member").adding("invite.members.invite")).await.unwrap();
        let invited = bob.invite("eve@example.com", Grant::role("member")).await;
        refused(invited, "not-grantable", "AUT-2", "ask somebody who has a role that may grant it");
        acme.change_access("bob", Grant::role("admin")).await.unwrap();
        bob.invite("eve@example.com", Grant::role("member")).await.unwrap();
        assert_eq!(acme.waiting().await, ["eve@example.com"]);
    }

    async fn a2_whoever_may_not_invite_may_not_do_the_rest_either(world) {
        let acme = world.acme().await;
        let bob = world.joins("bob", Grant::role("member")).await;
        let invited = acme.invite("eve@example.com", Grant::role("member")).await.unwrap();
        let eve = invited.invitations().next().unwrap();
        let (code, rule, ask) = ("not-permitted", "AUT-1", "ask somebody of role admin, owner");
        refused(bob.resend(eve).await, code, rule, ask);
        refused(bob.remind(eve).await, code, rule, ask);
        refused(bob.edit(eve, Grant::role("client")).await, code, rule, ask);
        refused(bob.revoke(eve).await, code, rule, ask);
        refused(bob.copy_link(eve).await, code, rule, ask);
        let client = world.joins("cleo", Grant::role("client")).await;
        refused(
            client.roster(&PageRequest::default()).await,
            code,
            rule,
            "ask somebody of role admin, member, owner",
        );
        assert_eq!(acme.waiting().await, ["eve@example.com"]);
    }

    async fn a3_pending_invitations_say_who_as_what_by_whom_when_until_when_and_whether_the_mail_went_out(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        world.pass(TimeDelta::hours(1));
        amy.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.pass(TimeDelta::hours(1));
        let later = Expiry::At(start() + TimeDelta::days(30));
        acme.invite("Eve <eve@example.com>", Grant::role("client"))
            .with(|invite| invite.expires_at(later))
            .await
            .unwrap();

        let filter = InvitationFilter { state: Some(InvitationState::Pending), ..Default::default() };
        let page = amy.invitations(&filter, &PageRequest::default()).await.unwrap();
        let shown = page.items.iter().map(|entry| {
            let row = &entry.invitation;
            let address = row.invitee.address().unwrap().as_str();
            let role =
                row.grants.iter().map(|(_, access)| access.role_name().to_string()).collect::<String>();
            let times = (row.created_at - start(), row.expires_at.time().unwrap() - start());
            let mail = entry.delivery.as_ref().unwrap().state;
            (address, role, row.inviter.user().unwrap().as_str(), times, mail)
        });
        let (hours, days) = (TimeDelta::hours, TimeDelta::days);
        let queued = DeliveryState::Queued;
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                ("eve@example.com", "client".into(), "ada", (hours(2), days(30)), queued),
                ("bob@example.com", "member".into(), "amy", (hours(1), hours(1) + days(7)), queued),
            ]
        );

        world.mailer.fail_to(&address("eve@example.com"), Failure::Permanent);
        world.deliver().await;
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Sent));
        assert_eq!(acme.mail_state("eve@example.com").await, Some(DeliveryState::Failed));
        let (_, mail) = acme.entry("bob@example.com").await;
        assert_eq!(mail.unwrap().mailed_at, Some(start() + hours(2)));

        let by_amy = InvitationFilter { inviter: Some(user("amy")), ..Default::default() };
        let page = amy.invitations(&by_amy, &PageRequest::default()).await.unwrap();
        assert_eq!(page.items.len(), 1, "of one inviter");
    }

    async fn a3_expired_invitations_are_not_listed_as_pending(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.pass(TimeDelta::days(7) - TimeDelta::microseconds(1));
        assert_eq!(acme.waiting().await, ["bob@example.com"]);
        world.pass(TimeDelta::microseconds(1));
        assert_eq!(acme.waiting().await, [""; 0]);
        assert_eq!(acme.names().await, ["ada"]);
        let expired = InvitationFilter { state: Some(InvitationState::Expired), ..Default::default() };
        assert_eq!(acme.invitations(&expired, &PageRequest::default()).await.unwrap().items.len(), 1);
    }

    async fn a4_a_revoked_invitation_is_dead_at_once(world) {
        let acme = world.acme().await;
        let invited = acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let token = world.token_to("bob@example.com");
        acme.revoke(invited.invitations().next().unwrap()).await.unwrap();

        let accepted = world.invite.accept(&token, person("bob")).await;
        refused(accepted, "revoked", "LIF-1", "ask for a new invitation");
        let preview = world.invite.preview(&token, None).await.unwrap();
        assert_eq!((preview.status, preview.next), (PreviewStatus::Revoked, Next::RequestNew));
        assert_eq!(acme.users().await, ["ada"]);
        assert_eq!(acme.waiting().await, [""; 0]);
        assert_eq!(acme.seats_of("team").await, (0, 0), "its seat is free again");

        let again = acme.revoke(invited.invitations().next().unwrap()).await;
        refused(again, "revoked", "LIF-1", "ask for a new invitation");
    }

    async fn a4_an_accepted_invitation_can_no_longer_be_revoked(world) {
        let acme = world.acme().await;
        world.joins("bob", Grant::role("member")).await;
        let (row, _) = acme.entry("bob@example.com").await;
        refused(acme.revoke(row.id).await, "already-accepted", "LIF-1", "nothing to do");
        assert_eq!(acme.users().await, ["ada", "bob"]);
    }

    async fn a5_someone_with_an_account_signs_in_accepts_and_is_a_member(world) {
        let acme = world.acme().await;
        world.directory.add(user("bob"), "Bob", Some(address("bob@example.com")));
        acme.invite("Bob@Example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let token = world.token_to("bob@example.com");

        let preview = world.invite.preview(&token, None).await.unwrap();
        assert_eq!((preview.status, preview.next), (PreviewStatus::Pending, Next::SignIn));
        assert_eq!(preview.organization_name, "Acme Ltd");
        assert_eq!(preview.email_masked.as_deref(), Some("B…@example.com"));
        assert_eq!(preview.email, None, "in full only to sign up");
        let preview = world.invite.preview(&token, Some(person("bob"))).await.unwrap();
        assert_eq!(preview.next, Next::Accept);

        let accepted = world.invite.accept(&token, person("bob")).await.unwrap();
        assert_eq!((accepted.organization.as_str(), accepted.user), ("acme", user("bob")));
        assert_eq!(acme.users().await, ["ada", "bob"]);
        assert_eq!(acme.role_of("bob").await.as_deref(), Some("member"));
        assert!(acme.may("bob", "posts.publish").await.unwrap());
        let preview = world.invite.preview(&token, Some(person("bob"))).await.unwrap();
        assert_eq!((preview.status, preview.next), (PreviewStatus::Accepted, Next::AlreadyMember));
    }

    async fn a5_another_account_is_told_so_and_joins_nothing(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let token = world.token_to("bob@example.com");
        let preview = world.invite.preview(&token, Some(person("eve"))).await.unwrap();
        assert_eq!(preview.next, Next::WrongAccount);
        let accepted = world.invite.accept(&token, person("eve")).await;
        let said = accepted.as_ref().unwrap_err().to_string();
        assert!(said.contains("b…@example.com") && !said.contains("bob@example.com"), "{said}");
        refused(accepted, "wrong-account", "IDN-9", "sign in with the account that was invited");
        assert_eq!(acme.users().await, ["ada"]);
    }

    async fn a6_someone_without_an_account_signs_up_with_the_address_filled_in_and_joins(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.deliver().await;
        let token = world.token_to("bob@example.com");

        let preview = world.invite.preview(&token, None).await.unwrap();
        assert_eq!(preview.next, Next::SignUp);
        assert_eq!(preview.email, Some(address("bob@example.com")), "to be filled in");
        assert!(preview.proves_address);
        world.directory.add(user("u-17"), "Bob", Some(address("bob@example.com")));
        world.pass(TimeDelta::minutes(20));

        let preview = world.invite.preview(&token, Some(newcomer("u-17"))).await.unwrap();
        assert_eq!(preview.next, Next::Accept, "the link still works after signing up");
        let accepted = world.invite.accept(&token, newcomer("u-17")).await.unwrap();
        assert_eq!(accepted.proven, Some(address("bob@example.com")), "the host need not verify it again");
        assert_eq!(acme.users().await, ["ada", "u-17"]);
    }

    async fn a6_a_link_proves_the_address_for_a_day_after_it_was_mailed(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", Grant::role("member")).await.unwrap();
        world.pass(TimeDelta::days(2));
        world.deliver().await;
        let token = world.token_to("bob@example.com");
        world.pass(TimeDelta::hours(24) - TimeDelta::microseconds(1));
        assert!(world.invite.preview(&token, None).await.unwrap().proves_address);

        world.pass(TimeDelta::microseconds(1));
        let preview = world.invite.preview(&token, None).await.unwrap();
        assert_eq!((preview.proves_address, preview.email), (false, None));
        let preview = world.invite.preview(&token, Some(newcomer("u-17"))).await.unwrap();
        assert_eq!(preview.next, Next::VerifyAddress);
        let accepted = world.invite.accept(&token, newcomer("u-17")).await;
        refused(accepted, "address-not-verified", "IDN-1", "verify the address, then accept again");

        let verified = Principal::user("u-17").vouched("bob@example.com");
        world.invite.accept(&token, verified).await.unwrap();
        assert_eq!(acme.users().await, ["ada", "u-17"]);
    }

    async fn a7_a_role_is_raised_and_lowered_later(world) {
        let acme = world.acme_on(Plan::seats("team", 5).and_seats("client", Limit::Unlimited)).await;
        world.joins("cleo", Grant::role("client")).await;
        assert!(!acme.may("cleo", "posts.publish").await.unwrap());

        acme.change_access("cleo", Grant::role("member")).await.unwrap();
        assert!(acme.may("cleo", "posts.publish").await.unwrap());
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((1, 0), (0, 0)));
        acme.change_access("cleo", Grant::role("client")).await.unwrap();
        assert!(!acme.may("cleo", "posts.publish").await.unwrap());
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((0, 0), (1, 0)));
    }

    async fn a7_raising_takes_the_seat_check_again(world) {
        let acme = world.acme_on(Plan::seats("team", 1).and_seats("client", Limit::AtMost(2))).await;
        world.joins("bob", Grant::role("member")).await;
        world.joins("cleo", Grant::role("client")).await;
        let raised = acme.change_access("cleo", Grant::role("member")).await;
        refused(raised, "no-seat-left", "SEA-1", "free a seat");
        assert_eq!(acme.role_of("cleo").await.as_deref(), Some("client"));

        acme.change_access("bob", Grant::role("client")).await.unwrap();
        acme.change_access("cleo", Grant::role("member")).await.unwrap();
        assert_eq!((acme.seats_of("team").await, acme.seats_of("client").await), ((1, 0), (1, 0)));
    }

    async fn a7_raising_takes_the_authority_check_again(world) {
        let acme = world.acme().await;
        let amy = world.joins("amy", Grant::role("admin")).await;
        let bob = world.joins("bob", Grant::role("member")).await;
        refused(
            bob.change_access("bob", Grant::role("admin")).await,
            "not-permitted",
            "AUT-1",
            "ask somebody of role admin, owner",
        );
        refused(
            amy.change_access("bob", Grant::role("admin").adding("invite.organization.close")).await,
            "not-grantable",
            "AUT-2",
            "grant less",
        );
        refused(amy.change_access("ada", Grant::role("member")).await, "owner-protected", "C6", "steps down");
        amy.change_access("bob", Grant::role("admin")).await.unwrap();
        assert_eq!(acme.role_of("bob").await.as_deref(), Some("admin"));
        bob.invite("eve@example.com", Grant::role("member")).await.unwrap();
    }

    async fn a8_a_trial_invites_within_its_own_limits(world) {
        let day = Rate::per(3, TimeDelta::days(1)).unwrap();
        let trial = Plan::seats("team", 2).pending(Limit::AtMost(2)).organization_rate(day);
        let acme = world.acme_on(trial).await;
        acme.invite("bob@example.com, eve@example.com", Grant::role("member")).await.unwrap();
        let third = acme.invite("cleo@example.com", Grant::role("member")).await;
        refused(third, "too-many-pending", "ABU-1", "wait for answers, or revoke some");

        world.deliver().await;
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
        let third = acme.invite("cleo@example.com", Grant::role("member")).await;
        refused(third, "no-seat-left", "SEA-1", "change the plan");

        let (row, _) = acme.entry("eve@example.com").await;
        acme.revoke(row.id).await.unwrap();
        acme.invite("cleo@example.com", Grant::role("member")).await.unwrap();
        let (row, _) = acme.entry("cleo@example.com").await;
        acme.revoke(row.id).await.unwrap();
        let fourth = acme.invite("dan@example.com", Grant::role("member")).await;
        refused(fourth, "too-many-invitations", "ABU-1", "try again at 2027-01-15 16:00:00 UTC");

        let paid = Plan::seats("team", 10);
        let by_user = acme.change_plan(paid.clone()).await;
        refused(by_user, "not-permitted", "AUT-1", "as the system");
        acme.organization().as_system().change_plan(paid).await.unwrap();
        acme.invite("dan@example.com", Grant::role("member")).await.unwrap();
        assert_eq!(acme.users().await, ["ada", "bob"], "nobody lost anything");
    }
}

/// A program that handles whatever comes, by code, knows every refusal above as one type.
#[tokio::test]
async fn a2_every_refusal_is_one_error_to_the_host() {
    let world = World::on(tests::Store::memory().await);
    world.acme().await;
    let one = async || -> Result<(), invite::Error<AnyRefusal>> {
        world.acme_by("mallory").invite("eve@example.com", Grant::role("member")).await?;
        Ok(())
    };
    let error = one().await.unwrap_err();
    assert_eq!((error.code(), error.rule()), ("not-permitted", Some("AUT-1")));
}
