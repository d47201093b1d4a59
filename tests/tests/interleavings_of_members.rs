//! AUT-8, CON-2, F14, SEA-1: whatever is done to members at once, it is what is done one after the other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::{
    Clock as _, FormerOwner, Grant, GroupSettings, InvitationId, Limit, NewMember, Plan, Scope, SeatPolicy,
};
use tests::interleave::{Operation, Scene, explore};
use tests::{code, group, person, user};

/// What is there before anything happens at once.
#[derive(Debug, Clone, Copy)]
struct Prepared {
    /// An invitation of cat, an admin, to the address `bob@example.com`.
    bob: InvitationId,
}

/// Acme Ltd of ada with the admin cat, who invited bob, and with the members dan and eve, who are suspended.
async fn suspended(scene: Scene, team: u32) -> Prepared {
    let plan = Plan::seats("team", team);
    let acme = scene.invite.create_organization("acme", "Acme Ltd", "ada", plan.clone()).await.unwrap();
    let system = acme.as_system();
    system.change_plan(Plan::seats("team", 4)).await.unwrap();
    let added = [("cat", "admin"), ("dan", "member"), ("eve", "member")];
    let added = added.map(|(name, role)| NewMember::new(user(name), Grant::role(role)));
    system.add_members(added).await.unwrap();
    acme.by("ada").suspend_members(["dan", "eve"].map(user)).await.unwrap();
    let invited = acme.by("cat").invite("bob@example.com", Grant::role("member")).await.unwrap();
    system.change_plan(plan).await.unwrap();
    Prepared { bob: invited.invitations().next().unwrap() }
}

/// There is a seat for one more.
async fn one_seat(scene: Scene) -> Prepared {
    suspended(scene, 3).await
}

/// Ada and cat both own.
async fn two_owners(scene: Scene) -> Prepared {
    let prepared = one_seat(scene.clone()).await;
    let offered = scene.acme_by("ada").offer_ownership("cat", FormerOwner::Stays).await.unwrap();
    scene.invite.organization("acme").accept(offered.invitation, person("cat")).await.unwrap();
    prepared
}

macro_rules! operation {
    (|$scene:ident, $it:ident| $told:expr) => {{
        let operation: Operation<Prepared> =
            |$scene: Scene, $it: Prepared| Box::pin(async move { $told.to_string() });
        operation
    }};
}

fn accept() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.invite.organization("acme").accept(it.bob, person("bob")).await))
}

fn suspend_cat() -> Operation<Prepared> {
    operation!(|scene, _it| code(scene.acme_by("ada").suspend_member("cat").await))
}

fn restore_dan() -> Operation<Prepared> {
    operation!(|scene, _it| code(scene.acme_by("ada").restore_member("dan").await))
}

#[test]
fn an_inviter_who_is_suspended_and_who_accepts_aut_4() {
    let explored = explore(one_seat, &[accept(), suspend_cat()]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "accepted before, or refused after");
}

#[test]
fn somebody_who_is_suspended_and_what_they_do_aut_7() {
    let cats: Operation<Prepared> = operation!(|scene, _it| code(
        scene.acme_by("cat").invite("fay@example.com", Grant::role("member")).await
    ));
    explore(one_seat, &[cats, suspend_cat()]).is_serializable();
    let back: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("ada").restore_member("cat").await));
    explore(one_seat, &[accept(), suspend_cat(), back]).is_serializable();
}

#[test]
fn two_owners_who_suspend_each_other_aut_8() {
    let cats: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("cat").suspend_member("ada").await));
    let explored = explore(two_owners, &[suspend_cat(), cats]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "either of them, never both");
    let leaves: Operation<Prepared> = operation!(|scene, _it| code(scene.acme_by("ada").leave().await));
    let cats: Operation<Prepared> = operation!(|scene, _it| code(scene.acme_by("cat").leave().await));
    explore(two_owners, &[suspend_cat(), leaves]).is_serializable();
    explore(two_owners, &[suspend_cat(), cats]).is_serializable();
}

#[test]
fn one_seat_and_two_who_are_restored_sea_1() {
    let restore_eve: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("ada").restore_member("eve").await));
    let explored = explore(one_seat, &[restore_dan(), restore_eve]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "either of them, never both");
    let invite: Operation<Prepared> = operation!(|scene, _it| code(
        scene.acme_by("ada").invite("fay@example.com", Grant::role("member")).await
    ));
    explore(one_seat, &[restore_dan(), invite]).is_serializable();
    explore(one_seat, &[restore_dan(), restore_dan(), suspend_cat()]).is_serializable();
}

/// Gil looks on in Acme, and publishes in red and blue. There is no seat left for one more who publishes.
async fn gil_in_groups(scene: Scene) -> Prepared {
    let prepared = one_seat(scene.clone()).await;
    let (ada, system) = (scene.acme_by("ada"), scene.invite.organization("acme").as_system());
    for id in ["red", "blue"] {
        ada.create_group(id, GroupSettings::named(id)).await.unwrap();
    }
    let grants = [Grant::role("client"), in_group("red"), in_group("blue")];
    system.change_plan(Plan::seats("team", 3).and_seats("client", Limit::Unlimited)).await.unwrap();
    system.add_members([NewMember::new(user("gil"), grants)]).await.unwrap();
    prepared
}

fn in_group(id: &str) -> Grant {
    Grant::role("member").in_group(group(id))
}

fn untick(of: &'static str) -> Operation<Prepared> {
    match of {
        "red" => operation!(|scene, _it| code(
            scene.acme_by("ada").change_access_in("gil", Scope::Group(group("red")), None).await
        )),
        _ => operation!(|scene, _it| code(
            scene.acme_by("cat").change_access_in("gil", Scope::Group(group("blue")), None).await
        )),
    }
}

#[test]
fn two_who_untick_in_different_groups_c5_con_2() {
    let explored = explore(gil_in_groups, &[untick("red"), untick("blue")]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "the log tells which was first");
    let leaves: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("gil").leave_group("red").await));
    explore(gil_in_groups, &[untick("red"), untick("blue"), leaves]).is_serializable();
    let all: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("ada").change_access("gil", in_group("red")).await));
    explore(gil_in_groups, &[untick("red"), all]).is_serializable();
    explore(gil_in_groups, &[untick("red"), restore_dan()]).is_serializable();
}

/// Dan holds the only seat, for an hour. Bob is invited when there is a seat.
async fn dan_for_an_hour(scene: Scene) -> Prepared {
    let plan = Plan::seats("team", 1).seat_policy(SeatPolicy::TakeOnAccept);
    let acme = scene.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap();
    let access = Grant::role("member").until(scene.clock.now() + TimeDelta::hours(1));
    acme.as_system().add_members([NewMember::new(user("dan"), access)]).await.unwrap();
    let invited = acme.by("ada").invite("bob@example.com", Grant::role("member")).await.unwrap();
    Prepared { bob: invited.invitations().next().unwrap() }
}

fn an_hour_passes() -> Operation<Prepared> {
    operation!(|scene, _it| {
        scene.stage.step().await;
        scene.clock.advance(TimeDelta::hours(1));
        "an hour passes"
    })
}

#[test]
fn access_that_ends_while_somebody_needs_the_seat_f14_sea_3() {
    let explored = explore(dan_for_an_hour, &[an_hour_passes(), accept()]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "refused before, or accepted after");
    let invite: Operation<Prepared> = operation!(|scene, _it| code(
        scene.acme_by("ada").invite("eve@example.com", Grant::role("member")).await
    ));
    explore(dan_for_an_hour, &[an_hour_passes(), invite]).is_serializable();
    let dans: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("ada").change_access("dan", Grant::role("member")).await));
    explore(dan_for_an_hour, &[an_hour_passes(), dans]).is_serializable();
    explore(dan_for_an_hour, &[an_hour_passes(), accept(), dans]).is_serializable();
}
