//! CON-2, LIF-8, LIF-10: whatever people do at once to a group and within it, it is what they do one after the other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::LinkSettings;
use invite::{
    Access, Grant, GroupSettings, InvitationId, Limit, LinkId, NewMember, Plan, RemoveMembers, SeatPolicy,
    TheirInvitations, Token,
};
use tests::interleave::{Operation, Scene, explore};
use tests::{code, group, person, token, user};

/// An open group: bob is a member of the organization, eve is invited to the group and to the organization, and a link
/// that cat made leads into it.
#[derive(Debug, Clone)]
struct Prepared {
    eve: InvitationId,
    link: LinkId,
    token: Token,
}

fn open() -> GroupSettings {
    GroupSettings::named("Red").open_with(Access::role("member"))
}

fn in_red(role: &str) -> Grant {
    Grant::role(role).in_group(group("red"))
}

async fn red_on(scene: Scene, plan: Plan) -> Prepared {
    let acme = scene.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap().by("ada");
    let bob = NewMember::new(user("bob"), Grant::role("client"));
    let cat = NewMember::new(user("cat"), Grant::role("admin"));
    acme.organization().as_system().add_members([bob, cat]).await.unwrap();
    acme.create_group("red", open()).await.unwrap();
    let both = [Grant::role("client"), in_red("client")];
    let eve = acme.invite("eve@example.com", both).await.unwrap().invitations().next().unwrap();
    let cat = scene.acme_by("cat");
    let link = cat.create_link(LinkSettings::new("Red", in_red("client"))).await.unwrap().link;
    Prepared { eve, link, token: token(&acme.show_link(link).await.unwrap().reveal()) }
}

/// There is room for everybody.
async fn red(scene: Scene) -> Prepared {
    red_on(scene, Plan::seats("team", 5).and_seats("client", Limit::AtMost(5))).await
}

/// There is one team seat beside cat's.
async fn red_with_one_seat(scene: Scene) -> Prepared {
    let plan = Plan::seats("team", 2).and_seats("client", Limit::AtMost(5));
    red_on(scene, plan.seat_policy(SeatPolicy::TakeOnAccept)).await
}

macro_rules! operation {
    (|$scene:ident, $it:ident| $told:expr) => {{
        let operation: Operation<Prepared> =
            |$scene: Scene, $it: Prepared| Box::pin(async move { $told.to_string() });
        operation
    }};
}

fn bob_joins() -> Operation<Prepared> {
    operation!(|scene, _it| code(scene.invite.organization("acme").join_group("red", person("bob")).await))
}

fn bob_joins_by_link() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.invite.join(&it.token, person("bob")).await))
}

fn fay_joins_by_link() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.invite.join(&it.token, person("fay")).await))
}

/// What was dropped is told, so that it matters who came first.
fn eve_accepts() -> Operation<Prepared> {
    operation!(|scene, it| match scene.invite.organization("acme").accept(it.eve, person("eve")).await {
        Ok(accepted) => format!("without {:?}", accepted.dropped),
        Err(error) => error.code().to_owned(),
    })
}

fn close() -> Operation<Prepared> {
    operation!(|scene, _it| code(scene.acme_by("ada").close_group("red").await))
}

fn archive() -> Operation<Prepared> {
    operation!(|scene, _it| code(scene.acme_by("ada").archive_group("red").await))
}

fn invite_only() -> Operation<Prepared> {
    operation!(|scene, _it| code(scene.acme_by("ada").change_group("red", GroupSettings::named("Red")).await))
}

fn for_clients() -> Operation<Prepared> {
    operation!(|scene, _it| {
        let settings = GroupSettings::named("Red").open_with(Access::role("client"));
        code(scene.acme_by("ada").change_group("red", settings).await)
    })
}

fn tidy() -> Operation<Prepared> {
    operation!(|scene, _it| match scene.invite.organization("acme").maintain(10).await {
        Ok(tidied) => format!("{tidied:?}"),
        Err(error) => error.code().to_owned(),
    })
}

fn link_to_red() -> Operation<Prepared> {
    operation!(|scene, _it| code(
        scene.acme_by("ada").create_link(LinkSettings::new("More", in_red("client"))).await
    ))
}

fn remove_cat() -> Operation<Prepared> {
    operation!(|scene, _it| {
        let remove = RemoveMembers::one(user("cat")).their_invitations(TheirInvitations::HandOver);
        match scene.acme_by("ada").run(remove).await {
            Ok(removed) => format!("{:?}", removed.results),
            Err(error) => error.code().to_owned(),
        }
    })
}

#[test]
fn joining_a_group_and_what_becomes_of_it_con_2_lif_8() {
    for other in [close(), archive(), invite_only(), for_clients()] {
        let explored = explore(red, &[bob_joins(), other]);
        explored.is_serializable();
        assert_eq!(explored.serial.len(), 2, "the order matters");
    }
    explore(red, &[bob_joins(), close(), tidy()]).is_serializable();
}

#[test]
fn accepting_and_what_becomes_of_the_group_con_2_lif_10() {
    for other in [close(), archive()] {
        let explored = explore(red, &[eve_accepts(), other]);
        explored.is_serializable();
        assert_eq!(explored.serial.len(), 2, "the order matters");
    }
    explore(red, &[eve_accepts(), close(), tidy()]).is_serializable();
}

#[test]
fn joining_twice_is_joining_once_idn_10() {
    explore(red, &[bob_joins(), bob_joins()]).is_serializable();
    explore(red, &[bob_joins(), bob_joins_by_link()]).is_serializable();
}

#[test]
fn one_seat_and_two_who_come_in_sea_1() {
    let invite: Operation<Prepared> =
        operation!(|scene, it| code(scene.acme_by("ada").edit(it.eve, in_red("member")).await));
    explore(red_with_one_seat, &[bob_joins(), eve_accepts(), invite]).is_serializable();
    let promote: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("ada").change_access("bob", Grant::role("member")).await));
    explore(red_with_one_seat, &[bob_joins(), promote]).is_serializable();
}

#[test]
fn making_a_link_and_what_becomes_of_the_group_lnk_6() {
    for other in [close(), archive(), invite_only()] {
        let explored = explore(red, &[link_to_red(), other]);
        explored.is_serializable();
        assert_eq!(explored.serial.len(), 2, "the order matters");
    }
    explore(red, &[link_to_red(), close(), tidy()]).is_serializable();
}

#[test]
fn joining_by_a_link_and_whoever_answers_for_it_goes_aut_5() {
    explore(red, &[fay_joins_by_link(), remove_cat()]).is_serializable();
    let remove_link: Operation<Prepared> =
        operation!(|scene, it| code(scene.acme_by("cat").remove_link(it.link).await));
    let explored = explore(red, &[remove_cat(), remove_link]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "the order matters");
}

#[test]
fn two_create_a_group_of_one_id_con_3() {
    let green = || -> Operation<Prepared> {
        operation!(|scene, _it| code(
            scene.acme_by("ada").create_group("green", GroupSettings::named("Green")).await
        ))
    };
    let by_cat: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("cat").create_group("green", open()).await));
    explore(red, &[green(), by_cat]).is_serializable();
    explore(red, &[green(), green()]).is_serializable();
}

#[test]
fn tidying_and_whatever_names_the_closed_group_lif_10() {
    let leave: Operation<Prepared> = operation!(|scene, _it| code(scene.acme_by("bob").leave().await));
    explore(closed, &[tidy(), leave]).is_serializable();
    explore(closed, &[tidy(), tidy()]).is_serializable();
    explore(closed, &[tidy(), eve_accepts()]).is_serializable();
    explore(closed, &[tidy(), remove_cat()]).is_serializable();
}

/// Bob is in it, and it was closed.
async fn closed(scene: Scene) -> Prepared {
    let prepared = red(scene.clone()).await;
    scene.invite.organization("acme").join_group("red", person("bob")).await.unwrap();
    scene.acme_by("ada").close_group("red").await.unwrap();
    prepared
}
