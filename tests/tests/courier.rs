//! The courier: MAI-4 to MAI-9, and what F8 makes visible of it.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use invite::core::{DeliveryState, SuppressionKind};
use invite::{
    Block, CourierReport, DirectoryError, EmailAddress, Expiry, Grant, MailError, Mailer, Message, OnPending,
    PageRequest, Plan, PreviewStatus, UserId,
};
use invite_memory::{Failure, MemoryMailer};
use tests::{Listed, World, address, at_once, newcomer, on_every_store, person, refused, start};
use tokio::sync::{Barrier, Semaphore, oneshot};

fn members() -> Grant {
    Grant::role("member")
}

/// Sent, retried, failed, dropped, postponed.
fn counts(report: CourierReport) -> [usize; 5] {
    [report.sent, report.retried, report.failed, report.dropped, report.postponed]
}

/// Runs the courier until the mail of an address is no longer queued; gives the times of its tries.
async fn tries(world: &World, most: u32) -> Vec<TimeDelta> {
    let mut tries = Vec::new();
    let courier = world.courier().most_tries(most);
    for _ in 0..100 {
        let report = courier.run_once(10).await.unwrap();
        if report.total() > 0 {
            tries.push(world.clock_now() - start());
        }
        let (_, delivery) = world.acme_by("ada").entry("bob@example.com").await;
        let delivery = delivery.unwrap();
        if delivery.state != DeliveryState::Queued {
            return tries;
        }
        assert!(delivery.due_at > world.clock_now(), "a try that failed is not repeated at once");
        world.pass(delivery.due_at - world.clock_now() - TimeDelta::microseconds(1));
        assert_eq!(courier.run_once(10).await.unwrap().total(), 0, "not before its time");
        world.pass(TimeDelta::microseconds(1));
    }
    panic!("it goes on for ever")
}

on_every_store! {
    async fn mai_4_the_mail_is_queued_by_the_commit_that_invites(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Queued));
        assert_eq!(world.mailer.sent().len(), 0);
        assert_eq!(counts(world.another_process().deliver().await), [1, 0, 0, 0, 0], "by whatever process");
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Sent));
        assert_eq!(world.deliver().await.total(), 0);
    }

    async fn mai_4_what_fails_is_tried_again_ever_later(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members())
            .with(|invite| invite.expires_at(Expiry::Never))
            .await
            .unwrap();
        world.mailer.fail_next(Failure::Transient, 8);
        let tries = tries(&world, 12).await;
        assert_eq!(tries.len(), 9, "the ninth went through");
        assert_eq!(tries[0], TimeDelta::zero(), "the first at once");
        let pauses = tries.windows(2).map(|two| two[1] - two[0]).collect::<Vec<_>>();
        for (index, pause) in pauses.iter().enumerate() {
            let longest = TimeDelta::seconds(30 << index).min(TimeDelta::hours(4));
            assert!(
                *pause >= longest / 2 && *pause <= longest,
                "pause {index} of {pause} is at most {longest}"
            );
        }
        assert_eq!(world.mails_to("bob@example.com"), 1);
        let (_, delivery) = acme.entry("bob@example.com").await;
        let delivery = delivery.unwrap();
        assert_eq!(delivery.state, DeliveryState::Sent);
        let errors = delivery.attempts.iter().map(|attempt| attempt.error.is_some()).collect::<Vec<_>>();
        assert_eq!(errors, [[true; 8].as_slice(), &[false]].concat(), "every try is on record");
    }

    async fn mai_4_after_the_last_try_it_is_given_up_and_the_list_says_so(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members())
            .with(|invite| invite.expires_at(Expiry::Never))
            .await
            .unwrap();
        world.mailer.fail_to(&address("bob@example.com"), Failure::Transient);
        assert_eq!(tries(&world, 12).await.len(), 12);
        assert!(world.clock_now() - start() > TimeDelta::hours(6), "for about a day");
        assert!(world.clock_now() - start() < TimeDelta::hours(30));
        let (row, delivery) = acme.entry("bob@example.com").await;
        assert_eq!(delivery.unwrap().state, DeliveryState::Failed);
        assert_eq!(row.state_at(world.clock_now()).as_str(), "pending", "the invitation itself stays");
        world.mailer.recover();
        world.pass(TimeDelta::days(30));
        assert_eq!(world.deliver().await.total(), 0, "given up is given up");

        acme.remind(row.id).await.unwrap();
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Queued));
        assert_eq!(world.deliver().await.sent, 1, "until somebody asks for another mail");
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Sent));
    }

    async fn mai_4_a_courier_gives_up_after_as_many_tries_as_it_is_told(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        world.mailer.fail_to(&address("bob@example.com"), Failure::Transient);
        assert_eq!(tries(&world, 2).await.len(), 2);
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Failed));
    }

    async fn mai_4_what_the_mail_system_refuses_for_good_fails_at_once(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        world.mailer.fail_to(&address("bob@example.com"), Failure::Permanent);
        assert_eq!(counts(world.deliver().await), [0, 0, 1, 0, 0]);
        let (_, delivery) = acme.entry("bob@example.com").await;
        let delivery = delivery.unwrap();
        assert_eq!(delivery.state, DeliveryState::Failed);
        let said = delivery.attempts[0].error.as_deref().unwrap();
        assert_eq!(said, "the mail was refused for good", "and the list says why, without the address");
        assert_eq!(delivery.mailed_at, None);
    }

    async fn mai_4_a_courier_that_dies_after_sending_sends_again_under_the_same_id(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        let dying = Dying { mailer: world.mailer.clone(), sent: Arc::new(Semaphore::new(0)) };
        let courier = world.invite.courier(dying.clone());
        tokio::select! {
            _ = courier.run_once(10) => panic!("it ends before it can record what it did"),
            sent = dying.sent.acquire() => sent.unwrap().forget(),
        }
        assert_eq!(world.mails_to("bob@example.com"), 1);
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Queued));
        assert_eq!(world.deliver().await.total(), 0, "the lease still holds");

        // The reader of the first mail need not wait for the second one.
        let first = world.mail_to("bob@example.com");
        let preview = world.invite.preview(&first.token(), None).await.unwrap();
        assert!(preview.proves_address);
        world.pass(TimeDelta::minutes(10));
        assert_eq!(counts(world.deliver().await), [1, 0, 0, 0, 0]);
        assert_eq!(world.mails_to("bob@example.com"), 2, "at least once is the promise");
        let second = world.mail_to("bob@example.com");
        assert_eq!(
            (&second.id, second.link()),
            (&first.id, first.link()),
            "a repeat can be told from another mail"
        );
    }

    async fn mai_4_two_couriers_share_the_work_and_send_nothing_twice(world) {
        let acme = world.acme_on(Plan::seats("team", 500)).await;
        let list = (0..200).map(|n| format!("u{n}@example.com\n")).collect::<String>();
        acme.invite(list, members()).await.unwrap();
        // Both have sent one mail before either goes on: neither can do it all.
        let slow = Meeting { mailer: world.mailer.clone(), barrier: Arc::new(Barrier::new(2)) };
        let couriers = [&world, &world.another_process()].map(|process| process.invite.courier(slow.clone()));
        let reports =
            at_once(couriers.map(|courier| async move { courier.run_once(1_000).await.unwrap() })).await;
        assert_eq!(reports.iter().map(|report| report.sent).sum::<usize>(), 200);
        assert!(reports.iter().all(|report| report.sent > 0), "{reports:?}");
        let ids = world.mailer.sent().iter().map(|message| message.id().to_string()).collect::<BTreeSet<_>>();
        let to = world.mailer.sent().iter().map(|message| message.to().clone()).collect::<BTreeSet<_>>();
        assert_eq!((world.mailer.sent().len(), ids.len(), to.len()), (200, 200, 200));
    }

    async fn mai_4_a_courier_takes_no_more_than_it_is_told(world) {
        let acme = world.acme_on(Plan::seats("team", 500)).await;
        let list = (0..120).map(|n| format!("u{n}@example.com\n")).collect::<String>();
        acme.invite(list, members()).await.unwrap();
        for (limit, sent) in [(7, 7), (60, 60), (0, 0), (1_000, 53)] {
            assert_eq!(world.courier().run_once(limit).await.unwrap().sent, sent);
        }
    }

    async fn mai_5_one_bad_address_touches_its_own_invitation_alone(world) {
        let acme = world.acme_on(Plan::seats("team", 50)).await;
        let list = (0..9).map(|n| format!("u{n}@example.com\n")).collect::<String>();
        acme.invite(list, members()).await.unwrap();
        world.mailer.fail_to(&address("u2@example.com"), Failure::Permanent);
        world.mailer.fail_to(&address("u5@example.com"), Failure::Transient);
        assert_eq!(counts(world.deliver().await), [7, 1, 1, 0, 0]);
        for n in 0..9 {
            let expected = match n {
                2 => DeliveryState::Failed,
                5 => DeliveryState::Queued,
                _ => DeliveryState::Sent,
            };
            assert_eq!(acme.mail_state(&format!("u{n}@example.com")).await, Some(expected), "{n}");
        }
        assert_eq!(acme.waiting().await.len(), 9);
    }

    async fn mai_6_every_state_of_a_mail_is_visible_in_the_list(world) {
        let acme = world.acme_on(Plan::seats("team", 50)).await;
        acme.invite("bob@example.com, eve@example.com, dan@example.com", members()).await.unwrap();
        let (dan, _) = acme.entry("dan@example.com").await;
        acme.revoke(dan.id).await.unwrap();
        world.mailer.fail_to(&address("eve@example.com"), Failure::Permanent);
        assert_eq!(counts(world.deliver().await), [1, 0, 1, 1, 0]);
        acme.invite("fay@example.com", members()).await.unwrap();
        for (name, state) in [
            ("bob", DeliveryState::Sent),
            ("eve", DeliveryState::Failed),
            ("dan", DeliveryState::Dropped),
            ("fay", DeliveryState::Queued),
        ] {
            assert_eq!(acme.mail_state(&format!("{name}@example.com")).await, Some(state), "{name}");
        }
        let stranger =
            world.acme_by("mallory").invitations(&Default::default(), &PageRequest::default()).await;
        refused(stranger, "not-permitted", "AUT-1", "ask somebody of role admin, member, owner");
    }

    async fn mai_7_what_is_no_longer_wanted_is_not_sent(world) {
        for what in
            ["revoked", "expired", "accepted", "declined", "blocked", "unsubscribed", "replaced", "closed"]
        {
            let world = World::on(world.store.another().await);
            let acme = world.acme().await;
            let organization = acme.organization();
            acme.invite("bob@example.com", members()).await.unwrap();
            world.deliver().await;
            let (row, _) = acme.entry("bob@example.com").await;
            let mail = world.mail_to("bob@example.com");
            acme.remind(row.id).await.unwrap();
            match what {
                "revoked" => drop(acme.revoke(row.id).await.unwrap()),
                "expired" => world.pass(TimeDelta::days(7)),
                "accepted" => drop(world.invite.accept(&mail.token(), person("bob")).await.unwrap()),
                "declined" => drop(world.invite.decline(&mail.token(), person("bob")).await.unwrap()),
                "blocked" => {
                    let decline = organization.decline(row.id, person("bob"));
                    decline.with(|decline| decline.block(Block::Organization)).await.unwrap();
                }
                "unsubscribed" => drop(world.invite.unsubscribe(&mail.unsubscribe_token()).await.unwrap()),
                "replaced" => {
                    let again = acme.invite("bob@example.com", Grant::role("client"));
                    again.with(|again| again.on_pending(OnPending::Replace)).await.unwrap();
                    assert_eq!(counts(world.deliver().await), [1, 0, 0, 1, 0], "the new one alone");
                    continue;
                }
                "closed" => drop(acme.close().await.unwrap()),
                other => panic!("{other}"),
            }
            assert_eq!(counts(world.deliver().await), [0, 0, 0, 1, 0], "{what}");
            assert_eq!(world.mails_to("bob@example.com"), 1, "{what}");
            world.pass(TimeDelta::days(30));
            assert_eq!(world.deliver().await.total(), 0, "{what}");
        }
    }

    async fn mai_7_of_an_invitation_that_was_resent_the_newest_mail_alone_is_sent(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        let (row, _) = acme.entry("bob@example.com").await;
        world.mailer.fail_next(Failure::Transient, 1);
        assert_eq!(counts(world.deliver().await), [0, 1, 0, 0, 0]);
        acme.resend(row.id).await.unwrap();
        acme.resend(row.id).await.unwrap();
        world.pass(TimeDelta::hours(1));
        assert_eq!(counts(world.deliver().await), [1, 0, 0, 2, 0]);
        assert_eq!(world.mails_to("bob@example.com"), 1);
        world.invite.accept(&world.token_to("bob@example.com"), person("bob")).await.unwrap();
    }

    async fn mai_7_whoever_unsubscribed_keeps_the_invitation_and_gets_mail_again_by_choice_idn_3(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        world.deliver().await;
        let mail = world.mail_to("bob@example.com");
        let as_an_invitation = world.invite.accept(&mail.unsubscribe_token(), person("bob")).await;
        refused(as_an_invitation, "unknown-token", "TOK-5", "check that the whole link was copied");
        world.invite.unsubscribe(&mail.unsubscribe_token()).await.unwrap();
        assert_eq!(acme.waiting().await, ["bob@example.com"]);
        let (row, _) = acme.entry("bob@example.com").await;
        acme.resend(row.id).await.unwrap();
        assert_eq!(counts(world.deliver().await), [0, 0, 0, 1, 0]);
        acme.organization().unblock(person("bob"), SuppressionKind::Mail).await.unwrap();
        acme.resend(row.id).await.unwrap();
        assert_eq!(counts(world.deliver().await), [1, 0, 0, 0, 0]);
    }

    async fn mai_7_mail_of_a_suspended_organization_is_put_off_lif_8(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        acme.suspend().await.unwrap();
        for _ in 0..20 {
            assert_eq!(counts(world.deliver().await), [0, 0, 0, 0, 1]);
            assert_eq!(world.deliver().await.total(), 0, "not asked again at once");
            world.pass(TimeDelta::hours(1));
        }
        assert_eq!(acme.mail_state("bob@example.com").await, Some(DeliveryState::Queued));
        acme.resume().await.unwrap();
        world.mailer.fail_next(Failure::Transient, 1);
        assert_eq!(counts(world.deliver().await), [0, 1, 0, 0, 0], "what was put off was no try");
        world.pass(TimeDelta::minutes(1));
        assert_eq!(counts(world.deliver().await), [1, 0, 0, 0, 0]);
    }

    async fn mai_9_the_proof_by_mail_begins_when_the_mail_is_sent(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        world.mailer.fail_next(Failure::Transient, 1);
        world.deliver().await;
        world.pass(TimeDelta::days(3));
        world.deliver().await;
        world.pass(TimeDelta::hours(23));
        let token = world.token_to("bob@example.com");
        assert!(world.invite.preview(&token, None).await.unwrap().proves_address);
        world.pass(TimeDelta::hours(1));
        assert!(!world.invite.preview(&token, None).await.unwrap().proves_address);
        assert_eq!(world.invite.preview(&token, None).await.unwrap().status, PreviewStatus::Pending);
        let accepted = world.invite.accept(&token, newcomer("bob")).await;
        refused(accepted, "address-not-verified", "IDN-1", "verify the address");
        let (row, _) = acme.entry("bob@example.com").await;
        acme.remind(row.id).await.unwrap();
        world.deliver().await;
        world.invite.accept(&token, newcomer("bob")).await.unwrap();
    }

    async fn mai_4_a_directory_that_fails_holds_mail_up_and_loses_none(world) {
        let service = world.store.connect(invite::AccessModel::preset(), tests::keyring());
        let service = service.base_url("https://app.example/join").directory(Away).clock(world.clock.clone());
        let service = service.build().unwrap();
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        let report = service.courier(world.mailer.clone()).run_once(10).await.unwrap();
        assert_eq!(counts(report), [0, 1, 0, 0, 0]);
        world.pass(TimeDelta::minutes(1));
        assert_eq!(counts(world.deliver().await), [1, 0, 0, 0, 0]);
    }

    async fn mai_4_the_task_sends_until_it_is_shut_down(world) {
        let acme = world.acme().await;
        acme.invite("bob@example.com", members()).await.unwrap();
        let (sent, all) = (Arc::new(Semaphore::new(0)), MemoryMailer::new());
        let courier = world.invite.courier(Telling { mailer: all.clone(), sent: Arc::clone(&sent) });
        let (shut_down, told) = oneshot::channel();
        let task = tokio::spawn(async move { courier.run(async { told.await.unwrap() }).await });
        sent.acquire().await.unwrap().forget();
        shut_down.send(()).unwrap();
        task.await.unwrap();
        assert_eq!(all.sent().len(), 1);
        acme.invite("eve@example.com", members()).await.unwrap();
        assert_eq!(
            acme.mail_state("eve@example.com").await,
            Some(DeliveryState::Queued),
            "nobody sends any more"
        );
        assert_eq!(world.deliver().await.sent, 1);
    }
}

/// The task finds new mail by itself, though nobody tells it: time is tokio's, which stands still for tests and
/// goes on when everybody waits.
#[tokio::test(start_paused = true)]
async fn mai_4_the_task_finds_what_is_queued_later() {
    let world = World::on(tests::Store::memory().await);
    let acme = world.acme().await;
    let sent = Arc::new(Semaphore::new(0));
    let courier = world.invite.courier(Telling { mailer: world.mailer.clone(), sent: Arc::clone(&sent) });
    let (shut_down, told) = oneshot::channel();
    let task = tokio::spawn(async move { courier.run(async { told.await.unwrap() }).await });
    for name in ["bob", "eve", "dan"] {
        acme.invite(address(&format!("{name}@example.com")), members()).await.unwrap();
        sent.acquire().await.unwrap().forget();
        assert_eq!(world.mails_to(&format!("{name}@example.com")), 1);
    }
    world.mailer.fail_next(Failure::Transient, 1);
    acme.invite("fay@example.com", members()).await.unwrap();
    sent.acquire().await.unwrap().forget();
    world.pass(TimeDelta::minutes(1));
    sent.acquire().await.unwrap().forget();
    assert_eq!(world.mails_to("fay@example.com"), 1, "what failed is tried again by itself");
    shut_down.send(()).unwrap();
    task.await.unwrap();
}

/// Sends, and then never comes back.
#[derive(Clone)]
struct Dying {
    mailer: MemoryMailer,
    sent: Arc<Semaphore>,
}

#[async_trait]
impl Mailer for Dying {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        self.mailer.send(message).await?;
        self.sent.add_permits(1);
        std::future::pending().await
    }
}

/// Sends, and lets two senders wait for each other before their mails go out, as long as both still have any.
#[derive(Clone)]
struct Meeting {
    mailer: MemoryMailer,
    barrier: Arc<Barrier>,
}

#[async_trait]
impl Mailer for Meeting {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        if self.mailer.sent().is_empty() {
            self.barrier.wait().await;
        }
        self.mailer.send(message).await
    }
}

/// Says of every try that it was made.
struct Telling {
    mailer: MemoryMailer,
    sent: Arc<Semaphore>,
}

#[async_trait]
impl Mailer for Telling {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let sent = self.mailer.send(message).await;
        self.sent.add_permits(1);
        sent
    }
}

/// A directory that cannot be reached.
struct Away;

#[async_trait]
impl invite::Directory for Away {
    async fn name(&self, _user: &UserId) -> Result<Option<String>, DirectoryError> {
        Err(DirectoryError::new("told to be away"))
    }

    async fn called(&self, _name: &str) -> Result<invite::Called, DirectoryError> {
        Err(DirectoryError::new("away"))
    }

    async fn complete(
        &self,
        _typed: &str,
        _among: invite::Among<'_>,
        _limit: usize,
    ) -> Result<Vec<invite::Person>, DirectoryError> {
        Err(DirectoryError::new("away"))
    }

    async fn address(&self, _user: &UserId) -> Result<Option<EmailAddress>, DirectoryError> {
        Err(DirectoryError::new("away"))
    }

    async fn account(&self, _address: &EmailAddress) -> Result<Option<UserId>, DirectoryError> {
        Err(DirectoryError::new("away"))
    }

    async fn has_account(&self, _address: &EmailAddress) -> Result<Option<bool>, DirectoryError> {
        Err(DirectoryError::new("told to be away"))
    }
}
