//! CON-2, CON-4: whatever joiners and managers of an invite link do at once, it is what they do one after the other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::{LinkId, LinkSettings};
use invite::{Access, Grant, GroupSettings, Limit, Plan, SeatPolicy, Token};
use tests::interleave::{Operation, Scene, explore};
use tests::{code, group, person, token};

/// An invite link into an open group.
#[derive(Debug, Clone)]
struct Prepared {
    link: LinkId,
    token: Token,
}

async fn link(scene: Scene, plan: Plan, settings: LinkSettings) -> Prepared {
    let acme = scene.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap().by("ada");
    acme.create_group("red", open()).await.unwrap();
    let link = acme.create_link(settings).await.unwrap().link;
    Prepared { link, token: token(&acme.show_link(link).await.unwrap().reveal()) }
}

fn open() -> GroupSettings {
    GroupSettings::named("Red").open_with(Access::role("client"))
}

fn into_red(role: &str) -> LinkSettings {
    LinkSettings::new("Red", Grant::role(role).in_group(group("red")))
}

/// One may join, and there is a seat for two.
async fn for_one(scene: Scene) -> Prepared {
    let plan = Plan::seats("team", 2).and_seats("client", Limit::AtMost(2));
    link(scene, plan, into_red("client").max_uses(1)).await
}

/// Many may join, and there is a seat for one.
async fn one_seat(scene: Scene) -> Prepared {
    let plan = Plan::seats("team", 1).seat_policy(SeatPolicy::TakeOnAccept);
    link(scene, plan, into_red("member")).await
}

macro_rules! operation {
    (|$scene:ident, $it:ident| $told:expr) => {{
        let operation: Operation<Prepared> =
            |$scene: Scene, $it: Prepared| Box::pin(async move { $told.to_string() });
        operation
    }};
}

fn bob_joins() -> Operation<Prepared> {
    operation!(|scene, it| match scene.invite.join(&it.token, person("bob")).await {
        Ok(joined) => format!("joined by revision {}", joined.revision),
        Err(error) => error.code().to_owned(),
    })
}

fn eve_joins() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.invite.join(&it.token, person("eve")).await))
}

fn edit() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.acme_by("ada").edit_link(it.link, into_red("member")).await))
}

fn refresh() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.acme_by("ada").refresh_link(it.link).await))
}

#[test]
fn one_use_and_two_who_join_con_4() {
    let explored = explore(for_one, &[bob_joins(), eve_joins()]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "either of them, never both");
    explore(for_one, &[bob_joins(), bob_joins(), eve_joins()]).is_serializable();
}

#[test]
fn one_seat_and_two_who_join_sea_1() {
    let invite: Operation<Prepared> = operation!(|scene, _it| code(
        scene.acme_by("ada").invite("eve@example.com", Grant::role("member")).await
    ));
    explore(one_seat, &[bob_joins(), eve_joins()]).is_serializable();
    explore(one_seat, &[bob_joins(), invite]).is_serializable();
}

#[test]
fn joining_and_what_managers_do_to_the_link_con_2_lif_13_lnk_4() {
    let off: Operation<Prepared> =
        operation!(|scene, it| code(scene.acme_by("ada").switch_link_off(it.link).await));
    let remove: Operation<Prepared> =
        operation!(|scene, it| code(scene.acme_by("ada").remove_link(it.link).await));
    for other in [edit(), refresh(), off, remove] {
        explore(for_one, &[bob_joins(), other]).is_serializable();
    }
    explore(for_one, &[bob_joins(), edit(), refresh()]).is_serializable();
}

#[test]
fn joining_and_what_becomes_of_the_group_or_the_organization_lnk_6_lif_8() {
    let close: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("ada").close_group("red").await));
    let invite_only: Operation<Prepared> = operation!(|scene, _it| code(
        scene.acme_by("ada").change_group("red", GroupSettings::named("Red")).await
    ));
    let suspend: Operation<Prepared> = operation!(|scene, _it| code(scene.acme_by("ada").suspend().await));
    let tidy: Operation<Prepared> =
        operation!(|scene, _it| match scene.invite.organization("acme").maintain(10).await {
            Ok(tidied) => format!("{tidied:?}"),
            Err(error) => error.code().to_owned(),
        });
    for other in [close, invite_only, suspend] {
        explore(for_one, &[bob_joins(), other]).is_serializable();
    }
    explore(for_one, &[bob_joins(), close, tidy]).is_serializable();
}
