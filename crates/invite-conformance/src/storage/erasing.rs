//! Cases of erasing: what is found to be erased, and what is left of it.

use chrono::TimeDelta;
use invite_core::*;
use invite_storage::{Completion, InvitationFilter, Storage};
use serde_json::Value;

use super::Subject;
use super::rows::*;

fn erased(row: Invitation) -> Invitation {
    Invitation { invitee: Invitee::Erased(row.id.as_uuid()), mail_to: None, ..row }
}

/// What is loaded of what somebody had, by the numbers of the invitations, and whether there is more.
async fn past(store: &dyn Storage, id: &OrganizationId, of: impl Into<Invitee>) -> (Vec<InvitationId>, bool) {
    let of = of.into();
    let reads = Reads::new().past(of.clone());
    let slice = store.load(id, &reads, at(1_000)).await.unwrap();
    let (rows, more) = slice.past_of(&of).unwrap();
    let mut ids = rows.map(|row| row.id).collect::<Vec<_>>();
    ids.sort_unstable();
    (ids, more)
}

fn ids(numbers: &[u32]) -> Vec<InvitationId> {
    numbers.iter().map(|n| invitation_id(*n)).collect()
}

pub(super) async fn past_is_what_ended(fixture: Subject) {
    let store = fixture.storage();
    let bob = |n| invitation(n, if n % 2 == 0 { "Bob@Example.com" } else { "bob@example.com" });
    let rows = [
        revoked(bob(1), 5),
        revoked(bob(2), 9),
        bob(3),
        revoked(erased(bob(4)), 5),
        revoked(invitation(5, "eve@example.com"), 5),
        revoked(invitation_of(6, user("bob")), 5),
        revoked(invitation(7, "bob@example.com.example"), 5),
    ];
    let header = created(store, &rows, &[]).await;
    let mut commit = on(&super::rows::header("globex"));
    insert_invitations(&mut commit, &[revoked(bob(8), 5)]);
    written(store, &commit).await;
    let acme = acme();
    let of_bob = past(store, &acme, address("bob@example.com")).await;
    assert_eq!(of_bob, (ids(&[1, 2]), false), "invitations of the address that ended");
    assert_eq!(past(store, &acme, user("bob")).await, (ids(&[6]), false), "those of the user");
    let mut commit = on(&header);
    let again = Invitation { ended: None, ..rows[0].clone() };
    commit.invitations = vec![
        RowChange::Update(erased(rows[1].clone())),
        RowChange::Update(revoked(rows[2].clone(), 9)),
        RowChange::Update(again.clone()),
    ];
    commit.places = vec![RowChange::Update(place(&again))];
    written(store, &commit).await;
    let of_bob = past(store, &acme, address("bob@example.com")).await;
    assert_eq!(of_bob, (ids(&[3]), false), "what ended, and neither lives again nor was erased, since");
    assert_eq!(past(store, &acme, address("nobody@example.com")).await, (Vec::new(), false), "of nobody");
}

pub(super) async fn past_is_what_ended_and_whether_there_is_more(fixture: Subject) {
    let store = fixture.storage();
    let most = Reads::PAST;
    let rows = (0..most).map(|n| revoked(invitation(n, "bob@example.com"), 5)).collect::<Vec<_>>();
    let header = created(store, &rows, &[]).await;
    let (found, more) = past(store, &acme(), address("bob@example.com")).await;
    assert_eq!((found.len(), more), (most as usize, false), "as many as are loaded at once");
    let mut commit = on(&header);
    insert_invitations(&mut commit, &[revoked(invitation(most, "bob@example.com"), 5)]);
    written(store, &commit).await;
    let (found, more) = past(store, &acme(), address("bob@example.com")).await;
    assert_eq!((found.len(), more), (most as usize, true), "and a sign that there are more");
}

/// What is overdue at a second, if a retention of so many seconds is nobody's but the host's.
async fn overdue(store: &dyn Storage, now: i64, kept: Option<i64>, limit: u32) -> (Vec<InvitationId>, bool) {
    let retention = kept.map(TimeDelta::seconds);
    let reads = Reads::new().overdue(limit, retention);
    let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
    let (rows, more) = slice.overdue().unwrap();
    (rows.map(|row| row.id).collect(), more)
}

pub(super) async fn past_is_what_ended_long_ago(fixture: Subject) {
    let store = fixture.storage();
    let any = |n: u32| invitation(n, &format!("{n}@example.com"));
    let rows = [
        revoked(any(1), 30),
        revoked(any(2), 20),
        revoked(any(3), 10),
        any(4),
        revoked(erased(any(5)), 5),
        revoked(invitation_of(6, user("bob")), 20),
    ];
    let header = created(store, &rows, &[]).await;
    assert_eq!(overdue(store, 1_000, None, 9).await, (Vec::new(), false), "where nobody says for how long");
    let found = overdue(store, 120, Some(100), 9).await;
    assert_eq!(found, (ids(&[3, 2, 6]), false), "what ended by then, the longest ended first");
    assert_eq!(overdue(store, 119, Some(100), 9).await, (ids(&[3]), false), "a second earlier");
    assert_eq!(overdue(store, 120, Some(100), 2).await, (ids(&[3, 2]), true), "as many as asked for");
    assert_eq!(overdue(store, 120, Some(100), 3).await, (ids(&[3, 2, 6]), false), "all that there are");
    let settings = Settings::named("Acme").retention_seconds(86_400);
    let mut commit = on(&Organization { settings, ..header });
    commit.invitations = vec![RowChange::Update(erased(rows[1].clone()))];
    written(store, &commit).await;
    assert_eq!(overdue(store, 120, Some(100), 9).await, (Vec::new(), false), "as the organization says");
    let found = overdue(store, 86_420, Some(100), 9).await;
    assert_eq!(found, (ids(&[3, 6]), false), "what was erased is not overdue");
}

/// Writes what these events make of everything that is loaded for bob and eve.
async fn happened(store: &dyn Storage, now: i64, facts: impl IntoIterator<Item = Event>) -> Commit {
    let mut reads = Reads::new().person(user("bob")).person(user("eve"));
    reads.invitees.extend(["bob@example.com", "eve@example.com"].map(|text| address(text).into()));
    reads.invitations.extend((1..=3).map(invitation_id));
    let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
    let facts = facts.into_iter().map(|fact| (Actor::System, fact));
    let commit = fold(Draft::new(slice, at(now), commit_id()), facts).into_commit();
    written(store, &commit).await;
    commit
}

/// Bob declined one invitation and joined by another one, eve has one; each was mailed, and one mail is leased.
async fn bob_and_eve(store: &dyn Storage) {
    let joined = |name: &str| Event::MemberJoined {
        member: Box::new(Member { email: Some(address(&format!("{name}@example.com"))), ..member(name, 3) }),
    };
    let made = |n: u32, to: &str| {
        let continue_to = Some("https://app.example/after".to_owned());
        Event::InvitationCreated { invitation: Box::new(Invitation { continue_to, ..invitation(n, to) }) }
    };
    let (plan, settings) = (Plan::seats("team", 5), Settings::named("Acme"));
    happened(store, 1, [Event::OrganizationCreated { plan, settings }, joined("ada")]).await;
    happened(store, 2, [made(1, "bob@example.com"), made(3, "eve@example.com")]).await;
    let (ending, reason) = (Ending::Declined { user: user("bob") }, Some("bob says no".to_owned()));
    happened(store, 3, [Event::InvitationEnded { id: invitation_id(1), ending, reason }]).await;
    happened(store, 4, [made(2, "bob@example.com")]).await;
    let ending = Ending::Accepted { user: user("bob") };
    let accepted = Event::InvitationEnded { id: invitation_id(2), ending, reason: None };
    happened(store, 5, [accepted, joined("bob"), joined("eve")]).await;
    let mut commit = on(&current(store, &acme()).await);
    let mails = [(1, 1), (2, 1), (3, 2), (4, 3)];
    commit.deliveries =
        mails.map(|(n, of)| delivery(n, &invitation(of, "nobody@example.com"))).into_iter().collect();
    written(store, &commit).await;
}

fn erasing() -> [Event; 3] {
    let erased = |n: u32| Event::InvitationErased { id: invitation_id(n) };
    [erased(1), erased(2), Event::MemberErased { user: user("bob") }]
}

/// The data of all records, as JSON.
async fn told(store: &dyn Storage) -> Vec<(u64, String, Value)> {
    let events = store.events(&acme(), 0, 1_000).await.unwrap();
    let told = events.into_iter().map(|event| {
        let data = serde_json::from_str(&event.data).unwrap();
        (event.sequence, event.kind, data)
    });
    told.collect()
}

/// What a record tells once it is erased.
fn without_the_person(data: &Value) -> Value {
    let mut data = data.clone();
    for facts in ["before", "after"] {
        let Some(facts) = data.get_mut(facts).and_then(Value::as_object_mut) else { continue };
        facts.remove("continue_to");
        for name in ["invitee", "email"] {
            if facts.contains_key(name) {
                facts.insert(name.to_owned(), "erased".into());
            }
        }
    }
    data.as_object_mut().unwrap().remove("reason");
    data
}

pub(super) async fn erased_is_gone(fixture: Subject) {
    let store = fixture.storage();
    bob_and_eve(store).await;
    let before = told(store).await;
    assert!(before.iter().any(|(.., data)| data["reason"] == "bob says no"));
    happened(store, 10, erasing()).await;
    let after = told(store).await;
    assert_eq!(after.len(), before.len() + 3, "the log stays as long as it was, and says what was done");
    for ((sequence, kind, was), (same, of, is)) in before.iter().zip(&after) {
        assert_eq!((same, of), (sequence, kind), "each record in its place");
        let text = was.to_string();
        let of_bob = text.contains("b…@example.com");
        let expected = if of_bob { without_the_person(was) } else { was.clone() };
        assert_eq!(*is, expected, "what record {sequence}, {kind}, tells of bob, and of nobody else");
    }
    assert!(after.iter().all(|(.., data)| !data.to_string().contains("b…@")), "the masked address");
    assert!(after.iter().any(|(.., data)| data.to_string().contains("e…@")), "somebody else's stays");
}

pub(super) async fn erased_is_gone_from_the_rows(fixture: Subject) {
    let store = fixture.storage();
    bob_and_eve(store).await;
    happened(store, 10, erasing()).await;
    let reads = Reads::new().invitation(invitation_id(1)).member(user("bob"));
    let slice = store.load(&acme(), &reads, at(11)).await.unwrap();
    let row = slice.invitation(invitation_id(1)).unwrap().unwrap();
    let declined = Ending::Declined { user: user("bob") };
    assert_eq!(row.invitee, Invitee::Erased(row.id.as_uuid()), "the invitee of an erased invitation");
    assert_eq!((&row.ended, &row.mail_to, &row.continue_to), (&Some((declined, at(3))), &None, &None));
    assert_eq!(slice.member(&user("bob")).unwrap().unwrap().email, None, "the address of an erased member");
    let filter = InvitationFilter { state: Some(InvitationState::Declined), ..Default::default() };
    let listed = store.invitations(&acme(), &filter, at(11), &all()).await.unwrap();
    let listed = listed.into_iter().map(|entry| (entry.invitation.invitee, entry.delivery));
    let expected = [(Invitee::Erased(invitation_id(1).as_uuid()), None)];
    assert_eq!(listed.collect::<Vec<_>>(), expected, "an erased invitation is listed as it ended");
    let mut commit = on(&current(store, &acme()).await);
    insert_invitations(&mut commit, &[invitation(4, "bob@example.com")]);
    written(store, &commit).await;
    let reads = Reads::new().invitee(address("bob@example.com").into());
    let slice = store.load(&acme(), &reads, at(11)).await.unwrap();
    let open = slice.open_of(&address("bob@example.com").into()).unwrap().count();
    assert_eq!(open, 1, "the same address is invited again");
}

pub(super) async fn erased_is_gone_from_the_outbox(fixture: Subject) {
    let store = fixture.storage();
    bob_and_eve(store).await;
    let leased = store.lease(at(1), at(500), 1).await.unwrap().leased;
    assert_eq!(leased[0].delivery.id, delivery_id(1));
    happened(store, 10, erasing()).await;
    let sent = Completion { state: DeliveryState::Sent, attempt: None, mailed_at: Some(at(11)) };
    let counts = store.complete(&leased[0].lease(), &sent).await.unwrap();
    assert!(!counts, "the end of a delivery that was deleted while it was leased is late");
    let left = store.lease(at(1_000), at(2_000), 9).await.unwrap().leased;
    let left = left.iter().map(|leased| leased.delivery.id).collect::<Vec<_>>();
    assert_eq!(left, [delivery_id(4)], "the deliveries that are left");
}

pub(super) async fn erased_is_gone_from_former_members(fixture: Subject) {
    let store = fixture.storage();
    bob_and_eve(store).await;
    let left = |name: &str| Event::MemberLeft { user: user(name) };
    happened(store, 9, [left("bob"), left("eve")]).await;
    let were = async || {
        let circle = Circle::Former { organization: acme(), since: at(0) };
        store.circles(&[circle], 9).await.unwrap().concat()
    };
    assert_eq!(were().await, [user("eve"), user("bob")]);
    happened(store, 10, erasing()).await;
    assert_eq!(were().await, [user("eve")], "an erased user is no former member, and somebody else still is");
    let of_bob = store.former_memberships(&user("bob"), 9).await.unwrap();
    assert_eq!(of_bob, [], "nor in a list across organizations");
}

/// Erasing is part of the commit: with a commit that is not written, nothing is erased.
pub(super) async fn erased_is_gone_only_with_its_commit(fixture: Subject) {
    let store = fixture.storage();
    bob_and_eve(store).await;
    let before = told(store).await;
    let header = current(store, &acme()).await;
    let erasing = |header: &Organization| {
        let mut commit = on(header);
        commit.erased =
            Erasures { invitations: vec![invitation_id(1)], requests: Vec::new(), users: vec![user("bob")] };
        commit
    };
    let older = erasing(&Organization { version: header.version - 1, ..header.clone() });
    assert!(is_conflict(&store.commit(&older).await), "decided on an older version");
    let mut wrong = erasing(&header);
    wrong.invitations = vec![RowChange::Update(invitation(77, "nobody@example.com"))];
    assert!(is_conflict(&store.commit(&wrong).await), "with a row that is not there");
    let after = told(store).await;
    assert!(before == after, "expected: nothing is erased by a conflict; seen: {after:?}");
    let mut unit = store.exclusive(&acme()).await.unwrap();
    unit.write(&erasing(&header)).await.unwrap();
    drop(unit);
    let after = told(store).await;
    assert!(before == after, "expected: nothing is erased by a unit that is dropped; seen: {after:?}");
    let left = store.lease(at(1_000), at(2_000), 9).await.unwrap().leased.len();
    assert_eq!(left, 4, "no delivery is deleted either");
}

async fn holders(
    store: &dyn Storage,
    of: impl Into<Invitee>,
    after: Option<&str>,
    limit: u32,
) -> Vec<String> {
    let after = after.map(organization);
    let found = store.holders(&[of.into()], after.as_ref(), limit).await.unwrap();
    found.iter().map(ToString::to_string).collect()
}

pub(super) async fn holders_are_found(fixture: Subject) {
    let store = fixture.storage();
    let bob = |n| invitation(n, "Bob@Example.com");
    let with = |email: &str, id: &str| Member { email: Some(address(email)), ..member(id, 1) };
    let block = |invitee: Invitee| Suppression { invitee, kind: SuppressionKind::Mail, at: at(1) };
    type Fills = fn(&mut Commit, Invitation);
    let open: Fills = |commit, row| insert_invitations(commit, &[row]);
    let ended: Fills = |commit, row| insert_invitations(commit, &[revoked(row, 5)]);
    let gone: Fills = |commit, row| insert_invitations(commit, &[revoked(erased(row), 5)]);
    for (n, (id, fill, row)) in [
        ("open", open, bob(1)),
        ("ended", ended, bob(1)),
        ("other", open, invitation(1, "eve@example.com")),
        ("gone", gone, bob(1)),
        ("of-user", open, invitation_of(1, user("bob"))),
        ("user-ended", ended, invitation_of(1, user("bob"))),
    ]
    .into_iter()
    .enumerate()
    {
        let mut commit = on(&header(id));
        fill(&mut commit, row);
        insert_members(&mut commit, &[member(&format!("owner-{n}"), 0)]);
        written(store, &commit).await;
    }
    for (id, row) in [
        ("member", with("bob@example.com", "robert")),
        ("user", member("bob", 1)),
        ("eve", with("eve@example.com", "eve")),
    ] {
        let mut commit = on(&header(id));
        insert_members(&mut commit, &[row]);
        written(store, &commit).await;
    }
    for (id, invitee) in
        [("blocked", address("bob@example.com").into()), ("user-blocked", user("bob").into())]
    {
        let mut commit = on(&header(id));
        commit.suppressions = vec![RowChange::Insert(block(invitee))];
        written(store, &commit).await;
    }
    let mut commit = on(&header("told"));
    commit.events[0].user = Some(user("bob"));
    written(store, &commit).await;

    let expected = ["blocked", "ended", "member", "open"];
    let bob = || address("bob@example.com");
    assert_eq!(holders(store, bob(), None, 99).await, expected, "who holds something about the address");
    let of_user = ["of-user", "told", "user", "user-blocked", "user-ended"];
    assert_eq!(holders(store, user("bob"), None, 99).await, of_user, "who holds something about the user");
    assert_eq!(holders(store, bob(), None, 3).await, expected[..3], "as many as asked for");
    assert_eq!(holders(store, bob(), Some("ended"), 99).await, expected[2..], "those behind one");
    assert_eq!(holders(store, bob(), Some("f"), 1).await, expected[2..3], "behind one that is none");
    assert_eq!(holders(store, bob(), Some("open"), 99).await, [""; 0], "behind the last");
    assert_eq!(holders(store, address("nobody@example.com"), None, 99).await, [""; 0], "of nobody");
    let both = store.holders(&[bob().into(), user("bob").into()], None, 99).await.unwrap();
    assert_eq!(both.len(), expected.len() + of_user.len(), "of both names");
}
