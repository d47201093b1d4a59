//! CON-2, F11, F22: what somebody does in all organizations at once, or the host with them, while something happens in one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use invite::{Grant, InvitationId, NewMember, OrganizationId, PageRequest, Plan, TheirInvitations};
use tests::interleave::{Operation, Scene, explore};
use tests::{address, code, newcomer, person, user};

/// An invitation of ada, who owns, to the address `bob@example.com`.
#[derive(Debug, Clone, Copy)]
struct Prepared {
    bob: InvitationId,
}

async fn nobody_invited(scene: Scene) {
    let plan = Plan::seats("team", 5);
    scene.invite.create_organization("acme", "Acme Ltd", "ada", plan).await.unwrap();
}

async fn bob_invited(scene: Scene) -> Prepared {
    nobody_invited(scene.clone()).await;
    let invited = scene.acme_by("ada").invite("bob@example.com", Grant::role("member")).await.unwrap();
    Prepared { bob: invited.invitations().next().unwrap() }
}

macro_rules! operation {
    (|$scene:ident, $it:tt $(: $of:ty)?| $told:expr) => {{
        let operation: Operation<_> = |$scene: Scene, $it $(: $of)?| Box::pin(async move { $told.to_string() });
        operation
    }};
}

/// Says what there was to remove.
async fn remove_bob(scene: &Scene) -> String {
    let (mut after, mut told) = (None, Vec::new());
    let step = async |after: Option<&OrganizationId>| {
        scene.invite.remove_user(person("bob"), TheirInvitations::Keep, after).await.unwrap()
    };
    while let Some(done) = step(after.as_ref()).await {
        told.push((done.left, done.kept.is_some(), done.revoked));
        after = done.after;
    }
    format!("{told:?}")
}

#[test]
fn a_user_who_is_removed_while_they_accept_is_no_member_f22() {
    let accept: Operation<Prepared> = operation!(|scene, it: Prepared| code(
        scene.invite.organization("acme").accept(it.bob, person("bob")).await
    ));
    let remove: Operation<Prepared> = operation!(|scene, _| remove_bob(&scene).await);
    let explored = explore(bob_invited, &[remove, accept]);
    explored.is_serializable();
    assert_eq!(explored.serial.len(), 2, "they leave what they came into, or come into nothing");
    for end in &explored.ends {
        assert!(!end.contains("\nbob "), "bob is there still: {end}");
    }
}

#[test]
fn a_user_who_is_removed_while_somebody_invites_or_adds_them_f22() {
    let remove: Operation<()> = operation!(|scene, _| remove_bob(&scene).await);
    let invite: Operation<()> = operation!(|scene, _| code(
        scene.acme_by("ada").invite("bob@example.com", Grant::role("member")).await
    ));
    let add: Operation<()> = operation!(|scene, _| {
        let bob = NewMember::new(user("bob"), Grant::role("member")).email(address("bob@example.com"));
        code(scene.acme_by("ada").add_members([bob]).await)
    });
    explore(nobody_invited, &[remove, invite]).is_serializable();
    explore(nobody_invited, &[remove, add]).is_serializable();
}

/// A block of all lies outside of every organization: a command that is decided at the same time may miss it. Then
/// nothing is mailed, and nothing is shown.
#[test]
fn a_block_of_all_that_an_invitation_misses_lets_nothing_through_f11() {
    let block: Operation<()> = operation!(|scene, _| {
        let answered = scene.invite.block(person("bob")).await.unwrap();
        let shown = scene.invite.inbox(person("bob"), &PageRequest::default()).await.unwrap().items.len();
        format!("declined {}, then shown {shown}", answered.len())
    });
    let invite: Operation<()> = operation!(|scene, _| {
        let told = code(scene.acme_by("ada").invite("bob@example.com", Grant::role("member")).await);
        scene.invite.courier(scene.mailer.clone()).run_once(9).await.unwrap();
        told
    });
    let explored = explore(nobody_invited, &[block, invite]);
    assert!(explored.stuck.is_none(), "nobody can go on: {:#?}", explored.stuck);
    let is_open = |end: &str| end.contains("(Pending, None, ");
    for end in &explored.ends {
        assert!(end.contains("then shown 0"), "what waits is shown: {end}");
        assert!(
            !is_open(end) || !end.contains("sent to bob@example.com"),
            "a mail of what waits went out: {end}"
        );
    }
    assert!(explored.ends.is_superset(&explored.serial));
    assert!(explored.ends.iter().any(|end| is_open(end)), "it is missed sometimes, or nobody is told of it");
}

#[test]
fn a_block_of_all_and_an_invitation_that_is_answered_f11() {
    let accept: Operation<Prepared> = operation!(|scene, it: Prepared| code(
        scene.invite.organization("acme").accept(it.bob, person("bob")).await
    ));
    let block: Operation<Prepared> = operation!(|scene, _| match scene.invite.block(newcomer("bob")).await {
        Ok(answered) => answered.len().to_string(),
        Err(error) => error.code().to_owned(),
    });
    explore(bob_invited, &[block, accept]).is_serializable();
    let block: Operation<Prepared> = operation!(|scene, _| {
        let answered = scene.invite.block(person("bob")).await.unwrap();
        answered.into_iter().map(|one| code(one.result)).collect::<Vec<_>>().join(", ")
    });
    let revoke: Operation<Prepared> =
        operation!(|scene, it: Prepared| code(scene.acme_by("ada").revoke(it.bob).await));
    let explored = explore(bob_invited, &[block, revoke]);
    // Whichever was first, it is over; whoever came second is told so.
    for end in &explored.ends {
        assert!(end.contains("(Declined, ") || end.contains("(Revoked, "), "{end}");
    }
}
