//! The main job, also after a restart: what was acknowledged is in the file, whoever opens it next, and however the
//! process before it ended.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;

use chrono::TimeDelta;
use invite::core::DeliveryState;
use invite::{AccessModel, Grant, Invitations, ManualClock, PageRequest, Plan, PreviewStatus};
use invite_memory::{Failure, MemoryMailer};
use invite_sqlite::SqliteStorage;
use tempfile::TempDir;
use tests::{Listed, Store, World, code, newcomer, person};

fn members() -> Grant {
    Grant::role("member")
}

/// Ends the process, and begins another one that knows nothing but the file, the key and the time.
fn restarted(world: World) -> World {
    let next = World::on(world.store.clone());
    next.clock.advance(world.clock_now() - next.clock_now());
    drop(world);
    next
}

/// Acme with a member, a pending invitation whose mail is sent, and one whose mail is not.
async fn busy_world() -> World {
    let world = World::on(Store::sqlite().await);
    let acme = world.acme().await;
    world.joins("bob", members()).await;
    world.pass(TimeDelta::minutes(1));
    acme.invite("eve@example.com", members()).await.unwrap();
    world.deliver().await;
    world.pass(TimeDelta::minutes(1));
    acme.invite("dan@example.com", Grant::role("client")).await.unwrap();
    world
}

#[tokio::test]
async fn lists_of_members_and_invitations_are_right_after_a_restart() {
    let world = busy_world().await;
    let acme = world.acme_by("ada");
    let lists = async |world: &World| {
        let (acme, all) = (world.acme_by("ada"), PageRequest::default());
        (
            acme.roster(&all).await.unwrap(),
            acme.invitations(&Default::default(), &all).await.unwrap(),
            acme.members(&Default::default(), &all).await.unwrap(),
            acme.events(0, 1_000).await.unwrap(),
            acme.organization().get().await.unwrap(),
            acme.organization().seats().await.unwrap(),
        )
    };
    let before = lists(&world).await;
    assert_eq!(acme.names().await, ["dan@example.com", "eve@example.com", "bob", "ada"]);
    drop(acme);
    let world = restarted(world);
    assert_eq!(lists(&world).await, before);
    assert!(world.acme_by("ada").may("bob", "posts.create").await.unwrap());
    assert_eq!(world.acme_by("ada").mail_state("eve@example.com").await, Some(DeliveryState::Sent));
}

#[tokio::test]
async fn undelivered_mail_is_delivered_after_a_restart_and_delivered_mail_is_not_sent_again() {
    let world = restarted(busy_world().await);
    assert_eq!(world.deliver().await.sent, 1);
    assert_eq!((world.mails_to("dan@example.com"), world.mailer.sent().len()), (1, 1));
    world.invite.accept(&world.token_to("dan@example.com"), newcomer("dan")).await.unwrap();
    assert_eq!(restarted(world).acme_by("ada").users().await, ["ada", "bob", "dan"]);
}

#[tokio::test]
async fn a_link_that_was_mailed_before_works_after_a_restart() {
    let world = busy_world().await;
    let token = world.token_to("eve@example.com");
    let world = restarted(world);
    assert_eq!(world.invite.preview(&token, None).await.unwrap().status, PreviewStatus::Pending);
    world.invite.accept(&token, person("eve")).await.unwrap();
    let world = restarted(world);
    assert_eq!(code(world.invite.accept(&token, person("eve")).await), "already-accepted");
    assert_eq!(world.acme_by("ada").users().await, ["ada", "bob", "eve"]);
}

#[tokio::test]
async fn tries_and_leases_of_mail_outlive_the_process() {
    let world = busy_world().await;
    world.mailer.fail_next(Failure::Transient, 1);
    assert_eq!(world.deliver().await.retried, 1);
    let world = restarted(world);
    assert_eq!(world.deliver().await.total(), 0, "not before its time");
    world.pass(TimeDelta::minutes(1));
    assert_eq!(world.deliver().await.sent, 1);
    let (_, delivery) = world.acme_by("ada").entry("dan@example.com").await;
    assert_eq!(delivery.unwrap().attempts.len(), 2);
}

#[tokio::test]
async fn a_key_keeps_its_outcome_over_a_restart() {
    let world = busy_world().await;
    let invite = |world: &World| {
        let invite = world.acme_by("ada").invite("fay@example.com", members());
        invite.idempotency_key("k").into_future()
    };
    let first = invite(&world).await.unwrap();
    let world = restarted(world);
    assert_eq!(invite(&world).await.unwrap(), first);
    assert_eq!(world.deliver().await.sent, 2, "dan's and fay's");
    assert_eq!(world.mails_to("fay@example.com"), 1);
}

#[tokio::test]
async fn a_revoked_or_resent_link_stays_dead_after_a_restart() {
    let world = busy_world().await;
    let token = world.token_to("eve@example.com");
    let (eve, _) = world.acme_by("ada").entry("eve@example.com").await;
    world.acme_by("ada").resend(eve.id).await.unwrap();
    let world = restarted(world);
    assert_eq!(code(world.invite.accept(&token, person("eve")).await), "superseded");
    world.deliver().await;
    let token = world.token_to("eve@example.com");
    world.acme_by("ada").revoke(eve.id).await.unwrap();
    let world = restarted(world);
    assert_eq!(code(world.invite.accept(&token, person("eve")).await), "revoked");
}

/// The power fails: what is on the disk at that moment is all that there is. The process that wrote it never
/// closed its files.
#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_power_failed() {
    let world = busy_world().await;
    let disk = tempfile::tempdir().unwrap();
    for file in fs::read_dir(world.store.directory().unwrap()).unwrap() {
        let file = file.unwrap();
        // The shared memory of the processes is not on the disk.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            fs::copy(file.path(), disk.path().join(file.file_name())).unwrap();
        }
    }
    let (service, mailer) = on_the_disk(&disk, &world);
    let acme = service.organization("acme").by("ada");
    assert_eq!(acme.names().await, ["dan@example.com", "eve@example.com", "bob", "ada"]);
    assert_eq!(service.courier(mailer.clone()).run_once(10).await.unwrap().sent, 1);
    service.accept(&world.token_to("eve@example.com"), person("eve")).await.unwrap();
    service.accept(&mailer.last_token_to("dan@example.com").unwrap(), person("dan")).await.unwrap();
    assert_eq!(acme.users().await, ["ada", "bob", "dan", "eve"]);
    assert_eq!(world.acme_by("ada").users().await, ["ada", "bob"], "the other file is another world");
}

fn on_the_disk(disk: &TempDir, world: &World) -> (Invitations, MemoryMailer) {
    let storage = SqliteStorage::open(disk.path().join("invite.db")).unwrap();
    let service = Invitations::builder(storage, AccessModel::preset(), tests::keyring());
    let service = service.base_url("https://app.example/join").clock(ManualClock::at(world.clock_now()));
    (service.build().unwrap(), MemoryMailer::new())
}

/// A service on a file that was never migrated says so, and grants nothing.
#[tokio::test]
async fn a_file_without_tables_is_no_organization() {
    let disk = tempfile::tempdir().unwrap();
    let (service, mailer) = on_the_disk(&disk, &World::on(Store::memory().await));
    assert_eq!(code(service.organization("acme").may("ada", "posts.view").await), "storage-failed");
    let created = service.create_organization("acme", "Acme Ltd", "ada", Plan::seats("team", 5)).await;
    assert_eq!(code(created), "storage-failed");
    assert!(service.courier(mailer).run_once(10).await.is_err());
}
