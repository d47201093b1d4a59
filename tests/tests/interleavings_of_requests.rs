//! CON-2, CON-4, SEA-1: whatever those who ask and those who decide do at once, it is what they do one after the other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::core::LinkSettings;
use invite::{Grant, Limit, Plan, RequestId, SeatPolicy, Token, VerifiedDomain};
use tests::interleave::{Operation, Scene, explore};
use tests::{address, code, person, token};

/// `bob` and `eve` have asked by a link, `ada` proposed `dan`, and people of the domain just join.
#[derive(Debug, Clone)]
struct Prepared {
    token: Token,
    bob: RequestId,
    eve: RequestId,
    dan: RequestId,
}

async fn asked(scene: Scene, plan: Plan, link: LinkSettings) -> Prepared {
    let acme = scene.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap().by("ada");
    let verified = ("example.com".parse().unwrap(), VerifiedDomain::joins(Grant::role("client")));
    acme.organization().as_system().change_verified_domains([verified]).await.unwrap();
    let link = acme.create_link(link.by_request()).await.unwrap().link;
    let token = token(&acme.show_link(link).await.unwrap().reveal());
    let [bob, eve] = [person("bob"), person("eve")].map(|who| scene.invite.ask_to_join(&token, who));
    let (bob, eve) = (bob.await.unwrap().request, eve.await.unwrap().request);
    let dan = acme.propose(address("dan@example.com"), Grant::role("client")).await.unwrap().request;
    Prepared { token, bob, eve, dan }
}

/// One of the two may join by the link.
async fn for_one(scene: Scene) -> Prepared {
    let plan = Plan::seats("team", 9).and_seats("client", Limit::AtMost(9));
    asked(scene, plan, LinkSettings::new("Clients", Grant::role("client")).max_uses(1)).await
}

/// There is a seat for one of the two.
async fn one_seat(scene: Scene) -> Prepared {
    let plan = Plan::seats("client", 1).seat_policy(SeatPolicy::TakeOnAccept);
    asked(scene, plan, LinkSettings::new("Clients", Grant::role("client"))).await
}

macro_rules! operation {
    (|$scene:ident, $it:ident| $told:expr) => {{
        let operation: Operation<Prepared> =
            |$scene: Scene, $it: Prepared| Box::pin(async move { $told.to_string() });
        operation
    }};
}

fn approve_bob() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.invite.organization("acme").as_system().approve(it.bob).await))
}

fn approve_eve() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.acme_by("ada").approve(it.eve).await))
}

fn deny_bob() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.acme_by("ada").deny(it.bob).await))
}

fn bob_withdraws() -> Operation<Prepared> {
    operation!(|scene, it| code(scene.acme_by("bob").withdraw(it.bob).await))
}

#[test]
fn one_use_or_one_seat_and_two_who_are_approved_con_4_sea_1() {
    for scene in [
        explore(for_one, &[approve_bob(), approve_eve()]),
        explore(one_seat, &[approve_bob(), approve_eve()]),
    ] {
        scene.is_serializable();
        assert_eq!(scene.serial.len(), 2, "either of them, never both");
    }
}

#[test]
fn one_request_and_several_who_decide_about_it_con_2() {
    explore(for_one, &[approve_bob(), approve_bob()]).is_serializable();
    explore(for_one, &[approve_bob(), deny_bob(), bob_withdraws()]).is_serializable();
}

#[test]
fn one_who_asks_twice_at_once_con_3() {
    let fay: Operation<Prepared> =
        operation!(|scene, it| code(scene.invite.ask_to_join(&it.token, person("fay")).await));
    explore(for_one, &[fay, fay]).is_serializable();
}

#[test]
fn one_who_is_approved_and_comes_in_by_another_way_at_once_lif_7d() {
    let joins: Operation<Prepared> =
        operation!(|scene, _it| code(scene.invite.organization("acme").join_by_domain(person("bob")).await));
    explore(for_one, &[approve_bob(), joins]).is_serializable();
}

#[test]
fn one_who_comes_in_by_a_domain_and_what_becomes_of_it_f15() {
    let joins: Operation<Prepared> =
        operation!(|scene, _it| code(scene.invite.organization("acme").join_by_domain(person("fay")).await));
    let asks: Operation<Prepared> =
        operation!(|scene, _it| code(scene.invite.organization("acme").ask_by_domain(person("fay")).await));
    let by_request: Operation<Prepared> = operation!(|scene, _it| {
        let asks = ("example.com".parse().unwrap(), VerifiedDomain::asks(Grant::role("client")));
        code(scene.acme_by("ada").change_verified_domains([asks]).await)
    });
    let to_more: Operation<Prepared> = operation!(|scene, _it| {
        let more = ("example.com".parse().unwrap(), VerifiedDomain::joins(Grant::role("member")));
        code(scene.acme_by("ada").change_verified_domains([more]).await)
    });
    let to_none: Operation<Prepared> =
        operation!(|scene, _it| code(scene.acme_by("ada").change_verified_domains([]).await));
    for (change, then) in
        [(by_request, "domain-by-request"), (to_more, "told ok, ok"), (to_none, "no-verified-domain")]
    {
        let explored = explore(for_one, &[joins, change]);
        explored.is_serializable();
        assert_eq!(explored.serial.len(), 2, "by what was set, or by what is set then");
        assert!(explored.serial.iter().any(|end| end.contains(then)), "{then}: {:#?}", explored.serial);
    }
    explore(for_one, &[asks, by_request]).is_serializable();
    explore(for_one, &[joins, joins]).is_serializable();
}

#[test]
fn a_proposal_that_is_approved_while_somebody_invites_the_same_person_con_3() {
    let approve: Operation<Prepared> =
        operation!(|scene, it| code(scene.invite.organization("acme").as_system().approve(it.dan).await));
    let invite: Operation<Prepared> = operation!(|scene, _it| code(
        scene.acme_by("ada").invite("dan@example.com", Grant::role("client")).await
    ));
    explore(for_one, &[approve, invite]).is_serializable();
}

#[test]
fn an_approval_and_what_becomes_of_the_link_or_the_organization_lif_8() {
    let suspend: Operation<Prepared> = operation!(|scene, _it| code(scene.acme_by("ada").suspend().await));
    let close: Operation<Prepared> = operation!(|scene, _it| code(scene.acme_by("ada").close().await));
    let tidy: Operation<Prepared> =
        operation!(|scene, _it| match scene.invite.organization("acme").maintain(10).await {
            Ok(tidied) => format!("{tidied:?}"),
            Err(error) => error.code().to_owned(),
        });
    explore(for_one, &[approve_bob(), suspend]).is_serializable();
    explore(for_one, &[approve_bob(), close, tidy]).is_serializable();
}
