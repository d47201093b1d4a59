//! C3, CON-2: whatever becomes of somebody who is included at the same time, it is what comes one after the other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::{Block, Grant, Include, Inclusion, InvitationId, Plan, SeatPolicy, Settings};
use tests::interleave::{Operation, Scene, explore};
use tests::{code, newcomer, user};

/// Acme, which includes users who are named by id, with an invitation of bob that is open.
async fn invited(scene: Scene) -> InvitationId {
    let plan = Plan::seats("team", 1).seat_policy(SeatPolicy::TakeOnAccept);
    let acme = scene.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap().by("ada");
    acme.change_settings(Settings::named("Acme Ltd").inclusion(Inclusion::Asked)).await.unwrap();
    acme.invite(user("bob"), Grant::role("member")).await.unwrap().invitations().next().unwrap()
}

macro_rules! operation {
    (|$scene:ident, $it:ident| $told:expr) => {{
        let operation: Operation<InvitationId> =
            |$scene: Scene, $it: InvitationId| Box::pin(async move { $told.to_string() });
        operation
    }};
}

fn include(who: &'static str) -> Operation<InvitationId> {
    match who {
        "bob" => operation!(|scene, _it| code(
            scene
                .acme_by("ada")
                .invite(user("bob"), Grant::role("member"))
                .with(|it| it.include(Include::Yes))
                .await
        )),
        _ => operation!(|scene, _it| code(
            scene
                .acme_by("ada")
                .invite(user("eve"), Grant::role("member"))
                .with(|it| it.include(Include::Yes))
                .await
        )),
    }
}

fn accept() -> Operation<InvitationId> {
    operation!(|scene, it| code(scene.invite.organization("acme").accept(it, newcomer("bob")).await))
}

#[test]
fn including_and_accepting_the_invitation_idn_10() {
    explore(invited, &[include("bob"), accept()]).is_serializable();
    explore(invited, &[include("bob"), include("bob"), accept()]).is_serializable();
}

#[test]
fn including_and_blocking_c3_f11() {
    let block: Operation<InvitationId> = operation!(|scene, it| code(
        scene
            .invite
            .organization("acme")
            .decline(it, newcomer("bob"))
            .with(|it| it.block(Block::Organization))
            .await
    ));
    explore(invited, &[include("bob"), block]).is_serializable();
}

#[test]
fn including_and_leaving_c3() {
    let leave: Operation<InvitationId> = operation!(|scene, _it| code(scene.acme_by("bob").leave().await));
    explore(invited, &[include("bob"), leave, include("bob")]).is_serializable();
}

#[test]
fn one_seat_and_two_who_are_included_sea_1() {
    let explored = explore(invited, &[include("bob"), include("eve")]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "either of them, never both");
}
