//! CON-1, CON-2: whatever two or three operations do at once, it is what they do one after the other in some order.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::TimeDelta;
use invite::{
    Acting, Erase, FormerOwner, Grant, InvitationId, InviteOutcome, Limit, Plan, Rate, RemoveMembers,
    SeatPolicy, TheirInvitations,
};
use tests::interleave::{Explored, Operation, Scene, explore};
use tests::{code, person, user};

/// What is there before anything happens at once.
#[derive(Debug, Clone, Copy)]
struct Prepared {
    /// Invited by cat, who is an admin: `bob@example.com`, as a member.
    bob: InvitationId,
    /// Invited by ada, who owns: `eve@example.com`, as a member.
    eve: InvitationId,
}

/// Acme Ltd of ada, with the admin cat.
async fn acme_with(scene: &Scene, plan: Plan) -> Acting {
    let acme = scene.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap();
    acme.as_system().add_members([invite::NewMember::new(user("cat"), Grant::role("admin"))]).await.unwrap();
    acme.by("ada")
}

async fn invited(acting: Acting, address: &str) -> InvitationId {
    acting.invite(address, Grant::role("member")).await.unwrap().invitations().next().unwrap()
}

fn seats(count: u32) -> Plan {
    Plan::seats("team", count).and_seats("client", Limit::AtMost(5))
}

/// Two are invited, and there is a seat for either.
async fn two_invited(scene: Scene) -> Prepared {
    let acme = acme_with(&scene, seats(3)).await;
    let bob = invited(scene.acme_by("cat"), "bob@example.com").await;
    Prepared { bob, eve: invited(acme, "eve@example.com").await }
}

/// Two are invited, and there is a seat for one, who comes first.
async fn two_invited_for_one_seat(scene: Scene) -> Prepared {
    let acme = acme_with(&scene, seats(2).seat_policy(SeatPolicy::TakeOnAccept)).await;
    let bob = invited(scene.acme_by("cat"), "bob@example.com").await;
    Prepared { bob, eve: invited(acme, "eve@example.com").await }
}

/// Nobody is invited.
async fn nobody_invited(scene: Scene) {
    acme_with(&scene, seats(2)).await;
}

/// Ada and cat both own.
async fn two_owners(scene: Scene) {
    let acme = acme_with(&scene, seats(2)).await;
    let offered = acme.offer_ownership("cat", FormerOwner::Stays).await.unwrap();
    acme.organization().accept(offered.invitation, person("cat")).await.unwrap();
}

/// An operation: an expression of the scene and of what was prepared.
macro_rules! operation {
    (|$scene:ident, $prepared:tt $(: $of:ty)?| $told:expr) => {{
        let operation: Operation<_> = |$scene: Scene, $prepared $(: $of)?| Box::pin(async move { $told.to_string() });
        operation
    }};
}

const BOB: &str = "bob@example.com";

fn accept() -> Operation<Prepared> {
    operation!(|scene, it: Prepared| code(
        scene.invite.organization("acme").accept(it.bob, person("bob")).await
    ))
}

fn eve_accepts() -> Operation<Prepared> {
    operation!(|scene, it: Prepared| code(
        scene.invite.organization("acme").accept(it.eve, person("eve")).await
    ))
}

fn decline() -> Operation<Prepared> {
    operation!(|scene, it: Prepared| code(
        scene.invite.organization("acme").decline(it.bob, person("bob")).await
    ))
}

fn revoke() -> Operation<Prepared> {
    operation!(|scene, it: Prepared| code(scene.acme_by("ada").revoke(it.bob).await))
}

fn resend() -> Operation<Prepared> {
    operation!(|scene, it: Prepared| code(scene.acme_by("ada").resend(it.bob).await))
}

fn remind() -> Operation<Prepared> {
    operation!(|scene, it: Prepared| code(scene.acme_by("ada").remind(it.bob).await))
}

fn edit() -> Operation<Prepared> {
    operation!(|scene, it: Prepared| code(scene.acme_by("ada").edit(it.bob, Grant::role("client")).await))
}

/// The clock passes the expiry of every invitation.
fn time_passes() -> Operation<Prepared> {
    operation!(|scene, _| {
        scene.stage.step().await;
        scene.clock.advance(TimeDelta::days(7));
        "later"
    })
}

fn maintain() -> Operation<Prepared> {
    operation!(|scene, _| match scene.invite.organization("acme").maintain(10).await {
        Ok(tidied) => format!("{tidied:?}"),
        Err(error) => error.code().to_owned(),
    })
}

fn remove_inviter() -> Operation<Prepared> {
    operation!(|scene, _| {
        let remove = RemoveMembers::one(user("cat")).their_invitations(TheirInvitations::Revoke);
        match scene.acme_by("ada").run(remove).await {
            Ok(removed) => format!("{:?}", removed.results),
            Err(error) => error.code().to_owned(),
        }
    })
}

fn demote_inviter() -> Operation<Prepared> {
    operation!(|scene, _| code(scene.acme_by("ada").change_access("cat", Grant::role("member")).await))
}

fn suspend() -> Operation<Prepared> {
    operation!(|scene, _| code(scene.acme_by("ada").suspend().await))
}

fn close() -> Operation<Prepared> {
    operation!(|scene, _| code(scene.acme_by("ada").close().await))
}

fn lower_plan() -> Operation<Prepared> {
    operation!(|scene, _| code(scene.invite.organization("acme").as_system().change_plan(seats(1)).await))
}

/// One mail: which of the two is sent first is up to nobody else.
fn send_one() -> Operation<Prepared> {
    operation!(|scene, _| {
        let sent = scene.invite.courier(scene.mailer.clone()).run_once(1).await;
        sent.map_or_else(|error| error.code().to_owned(), |report| format!("{report:?}"))
    })
}

#[test]
fn accept_and_anything_that_ends_an_invitation_con_2() {
    let ends = [revoke(), decline(), remove_inviter(), close(), accept()];
    for (n, other) in ends.into_iter().enumerate() {
        let explored = explore(two_invited, &[accept(), other]);
        explored.is_serializable();
        assert_eq!(explored.serial.len(), 2, "the order matters: {n}");
    }
}

#[test]
fn accept_and_anything_that_changes_an_invitation_or_its_organization_con_2() {
    for other in [resend(), remind(), edit(), demote_inviter(), suspend(), lower_plan(), maintain()] {
        explore(two_invited, &[accept(), other]).is_serializable();
    }
}

/// LIF-5: whoever accepts does so before the expiry or not at all.
#[test]
fn accept_while_the_time_passes_con_2_lif_5() {
    for others in [vec![time_passes()], vec![time_passes(), maintain()], vec![time_passes(), resend()]] {
        let mut operations = vec![accept()];
        operations.extend(others);
        explore(two_invited, &operations).is_serializable();
    }
}

/// SEA-1: there is one seat, and one of the two gets it.
#[test]
fn two_accept_and_one_seat_is_left_sea_1() {
    let explored = explore(two_invited_for_one_seat, &[accept(), eve_accepts()]);
    explored.is_serializable();
    let told = |end: &String| end.lines().next().unwrap_or_default().to_owned();
    let told = explored.serial.iter().map(told).collect::<Vec<_>>();
    assert_eq!(told, ["told no-seat-left, ok", "told ok, no-seat-left"]);
    explore(two_invited_for_one_seat, &[accept(), eve_accepts(), lower_plan()]).is_serializable();
}

/// AUT-8: of two owners one remains.
#[test]
fn two_owners_leave_aut_8() {
    explore(two_owners, &owners_leave()).is_serializable();
}

fn owners_leave() -> [Operation<()>; 2] {
    [
        operation!(|scene, ()| code(scene.acme_by("ada").leave().await)),
        operation!(|scene, ()| code(scene.acme_by("cat").leave().await)),
    ]
}

fn invite_bob() -> Operation<()> {
    operation!(|scene, ()| code(scene.acme_by("ada").invite(BOB, Grant::role("member")).await))
}

fn cat_invites_bob() -> Operation<()> {
    operation!(|scene, ()| code(scene.acme_by("cat").invite(BOB, Grant::role("client")).await))
}

/// CON-3, SEA-1: one place, one seat.
#[test]
fn invite_and_whatever_takes_the_place_or_the_seat_con_3() {
    let lower: Operation<()> = operation!(|scene, ()| code(
        scene.invite.organization("acme").as_system().change_plan(seats(1)).await
    ));
    let demote: Operation<()> =
        operation!(|scene, ()| code(scene.acme_by("ada").change_access("cat", Grant::role("member")).await));
    for other in [lower, cat_invites_bob(), invite_eve(), invite_bob()] {
        explore(nobody_invited, &[invite_bob(), other]).is_serializable();
    }
    explore(nobody_invited, &[cat_invites_bob(), demote]).is_serializable();
    explore(nobody_invited, &[invite_bob(), cat_invites_bob(), lower]).is_serializable();
}

/// So often an hour.
fn hourly(count: u32) -> Rate {
    Rate::per(count, TimeDelta::hours(1)).unwrap()
}

/// Nobody is invited, and whoever invites may do so once.
async fn one_invitation_an_hour(scene: Scene) {
    acme_with(&scene, seats(3).inviter_rate(hourly(1))).await;
}

/// Nobody is invited, and one may be at a time.
async fn one_pending(scene: Scene) {
    acme_with(&scene, seats(3).pending(Limit::AtMost(1))).await;
}

/// Cat has invited one, and ada may still send once.
async fn invited_and_one_mail_an_hour(scene: Scene) -> Prepared {
    acme_with(&scene, seats(3).inviter_rate(hourly(1))).await;
    let bob = invited(scene.acme_by("cat"), BOB).await;
    scene.invite.courier(scene.mailer.clone()).run_once(10).await.unwrap();
    Prepared { bob, eve: bob }
}

fn invite_eve() -> Operation<()> {
    operation!(|scene, ()| code(scene.acme_by("ada").invite("eve@example.com", Grant::role("member")).await))
}

/// Requires of what serial orders come to that one of the two is done, and the other refused.
fn one_of_two(explored: &Explored, refused: &str) {
    explored.is_serializable();
    let told = explored.serial.iter().map(|end| end.lines().next().unwrap_or_default().to_owned());
    assert_eq!(told.collect::<Vec<_>>(), [format!("told ok, {refused}"), format!("told {refused}, ok")]);
}

/// ABU-2: what is left of a rate, or of those who may be pending, is used up by one of two.
#[test]
fn two_invite_and_one_more_may_be_invited_abu_2() {
    let two = [invite_bob(), invite_eve()];
    one_of_two(&explore(one_invitation_an_hour, &two), "too-many-invitations");
    one_of_two(&explore(one_pending, &two), "too-many-pending");
}

#[test]
fn resend_and_remind_and_one_more_mail_may_be_sent_abu_2() {
    let explored = explore(invited_and_one_mail_an_hour, &[resend(), remind()]);
    one_of_two(&explored, "too-many-invitations");
}

/// LIF-12: a command and its repeat at once are one command.
#[test]
fn two_commands_under_one_key_lif_12() {
    let keyed: Operation<()> = operation!(|scene, ()| {
        let invite = scene.acme_by("ada").invite(BOB, Grant::role("member")).idempotency_key("once");
        let made = invite.await.unwrap();
        let made = made.results.iter().all(|result| matches!(result.outcome, InviteOutcome::Invited { .. }));
        format!("{made}")
    });
    let explored = explore(nobody_invited, &[keyed, keyed]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 1, "whoever comes second is told the same");
}

/// MAI-7: a mail crosses what ends or renews its invitation, and is sent once.
#[test]
fn couriers_and_what_ends_an_invitation_mai_7() {
    for other in [revoke(), resend(), accept(), suspend(), send_one()] {
        explore(two_invited, &[send_one(), other]).is_serializable();
    }
    explore(two_invited, &[send_one(), send_one(), revoke()]).is_serializable();
}

fn erase() -> Operation<Prepared> {
    operation!(|scene, _| {
        match scene.invite.organization("acme").erase(Erase::new(tests::address(BOB))).await {
            Ok(erased) => format!("{erased:?}"),
            Err(error) => error.code().to_owned(),
        }
    })
}

/// One mail; whether the end of a delivery counted that was deleted meanwhile is not told.
fn send_one_untold() -> Operation<Prepared> {
    operation!(|scene, _| code(scene.invite.courier(scene.mailer.clone()).run_once(1).await))
}

/// PRI-6: whoever is erased is so, whatever else happens to their invitation, and nothing of it comes back.
#[test]
fn erase_and_whatever_else_happens_to_an_invitation_pri_6() {
    for other in [accept(), resend(), decline(), revoke(), erase(), send_one_untold(), maintain()] {
        explore(two_invited, &[erase(), other]).is_serializable();
    }
    explore(two_invited, &[erase(), accept(), resend()]).is_serializable();
}

#[test]
fn three_at_once_con_2() {
    let threes = [
        [revoke(), resend(), accept()],
        [accept(), accept(), decline()],
        [accept(), edit(), revoke()],
        [accept(), remove_inviter(), resend()],
        [accept(), eve_accepts(), remove_inviter()],
    ];
    for operations in threes {
        explore(two_invited, &operations).is_serializable();
    }
}

/// The search itself: on a store without version check it finds that both owners leave, and that one seat, or what is
/// left of a limit, is taken by two.
#[test]
fn a_store_without_version_check_is_found_out() {
    let both_leave = Explored::without_versions(two_owners, &owners_leave());
    let one_seat = Explored::without_versions(two_invited_for_one_seat, &[accept(), eve_accepts()]);
    let two = [invite_bob(), invite_eve()];
    let one_pending = Explored::without_versions(one_pending, &two);
    let one_an_hour = Explored::without_versions(one_invitation_an_hour, &two);
    let resend_and_remind = [resend(), remind()];
    let one_mail = Explored::without_versions(invited_and_one_mail_an_hour, &resend_and_remind);
    for found in [both_leave, one_seat, one_pending, one_an_hour, one_mail] {
        let end = found.violation.and_then(|violation| violation.end).unwrap_or_default();
        assert!(end.starts_with("told ok, ok"), "{end}");
        assert!(found.stuck.is_none() && found.ends.is_superset(&found.serial));
    }
}

/// Two commands meet in more ways than one after the other, which takes three steps of each: each begins, loads and
/// commits. Who conflicts locks, loads, writes and commits.
#[test]
fn the_search_goes_through_conflicts() {
    let explored = explore(two_invited, &[accept(), revoke()]);
    assert!(
        explored.states > 20 && explored.steps > 6,
        "{} states, {} steps",
        explored.states,
        explored.steps
    );
}
