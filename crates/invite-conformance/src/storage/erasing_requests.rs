//! Cases of erasing join requests: what is found to be erased, and what is left of it.

use chrono::TimeDelta;
use invite_core::*;
use invite_storage::{RequestFilter, Storage};

use super::Subject;
use super::requests::{asked_in, changed, noted, proposed};
use super::rows::*;

fn erased(row: JoinRequest) -> JoinRequest {
    JoinRequest { invitee: Invitee::Erased(row.id.as_uuid()), email: None, name: None, message: None, ..row }
}

fn with(row: JoinRequest, email: &str) -> JoinRequest {
    JoinRequest { email: Some(address(email)), ..row }
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<RequestId> {
    numbers.into_iter().map(request_id).collect()
}

/// The join requests that tell somebody, and whether there are more.
async fn asked(store: &dyn Storage, of: impl Into<Invitee>) -> (Vec<RequestId>, bool) {
    let of = of.into();
    let slice = store.load(&acme(), &Reads::new().past(of.clone()), at(1_000)).await.unwrap();
    let mut ids = slice.past_requests_of(&of).unwrap().map(|row| row.id).collect::<Vec<_>>();
    ids.sort_unstable();
    (ids, slice.past_of(&of).unwrap().1)
}

pub(super) async fn past_is_what_ended_and_was_asked(fixture: Subject) {
    let store = fixture.storage();
    let rows = [
        with(request(1, "bob"), "Bob@Example.com"),
        withdrawn(with(request(2, "robert"), "bob@example.com"), 5),
        proposed(request(3, "mia"), address("bob@example.com")),
        with(proposed(request(4, "mia"), address("bob@example.com")), "bob@example.com"),
        noted(request(5, "bob"), 5),
        withdrawn(erased(with(request(6, "bob"), "bob@example.com")), 5),
        with(request(7, "eve"), "eve@example.com"),
        proposed(request(8, "bob"), user("eve")),
    ];
    let header = asked_in(store, "acme", &rows).await;
    asked_in(store, "globex", &[with(request(9, "bob"), "bob@example.com")]).await;
    let of_bob = asked(store, address("bob@example.com")).await;
    assert_eq!(of_bob, (ids([1, 2, 3, 4]), false), "those that tell the address, open or ended");
    assert_eq!(asked(store, user("bob")).await, (ids([1, 5]), false), "those in which the user would join");
    let later = [erased(withdrawn(rows[0].clone(), 6)), withdrawn(rows[2].clone(), 6)];
    changed(store, &header, &later).await;
    let of_bob = asked(store, address("bob@example.com")).await;
    assert_eq!(of_bob, (ids([2, 3, 4]), false), "what was not erased since");
    assert_eq!(asked(store, address("nobody@example.com")).await, (ids([]), false), "of nobody");
}

pub(super) async fn past_is_what_ended_and_was_asked_and_whether_there_is_more(fixture: Subject) {
    let store = fixture.storage();
    // As many of each name, so that they are one list.
    let most = Reads::PAST;
    let rows = (0..=most).map(|n| match n % 2 {
        0 => withdrawn(with(request(n, &format!("user-{n}")), "bob@example.com"), 5),
        _ => withdrawn(proposed(request(n, "mia"), address("bob@example.com")), 5),
    });
    let rows = rows.collect::<Vec<_>>();
    let header = asked_in(store, "acme", &rows[1..]).await;
    let (found, more) = asked(store, address("bob@example.com")).await;
    assert_eq!((found.len(), more), (most as usize, false), "as many as are loaded at once");
    let mut commit = on(&header);
    insert_requests(&mut commit, &rows[..1]);
    written(store, &commit).await;
    let (found, more) = asked(store, address("bob@example.com")).await;
    assert_eq!((found.len(), more), (most as usize, true), "and a sign that there are more");
}

/// What is overdue at a second, if a retention of so many seconds is nobody's but the host's.
async fn overdue(store: &dyn Storage, now: i64, kept: Option<i64>, limit: u32) -> (Vec<RequestId>, bool) {
    let reads = Reads::new().overdue(limit, kept.map(TimeDelta::seconds));
    let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
    let ids = slice.overdue_requests().unwrap().map(|row| row.id).collect();
    (ids, slice.overdue().unwrap().1)
}

pub(super) async fn past_is_what_ended_long_ago_of_requests(fixture: Subject) {
    let store = fixture.storage();
    let rows = [
        withdrawn(request(1, "bob"), 30),
        withdrawn(request(2, "bob"), 20),
        noted(proposed(request(3, "mia"), address("bob@example.com")), 10),
        request(4, "bob"),
        withdrawn(erased(request(5, "bob")), 5),
        withdrawn(request(6, "eve"), 20),
    ];
    asked_in(store, "acme", &rows).await;
    assert_eq!(overdue(store, 1_000, None, 9).await, (ids([]), false), "where nobody says for how long");
    let found = overdue(store, 120, Some(100), 9).await;
    assert_eq!(found, (ids([3, 2, 6]), false), "what ended by then, the longest ended first");
    assert_eq!(overdue(store, 119, Some(100), 9).await, (ids([3]), false), "a second earlier");
    assert_eq!(overdue(store, 120, Some(100), 2).await, (ids([3, 2]), true), "as many as asked for");
    assert_eq!(overdue(store, 120, Some(100), 3).await, (ids([3, 2, 6]), false), "all that there are");
}

/// Writes what these events make of everything that is loaded.
async fn happened(store: &dyn Storage, now: i64, facts: impl IntoIterator<Item = Event>) {
    let mut reads = Reads::new().person(user("bob"));
    reads.requests.extend((1..=3).map(request_id));
    let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
    let facts = facts.into_iter().map(|fact| (Actor::System, fact));
    let commit = fold(Draft::new(slice, at(now), commit_id()), facts).into_commit();
    written(store, &commit).await;
}

pub(super) async fn erased_is_gone_of_requests(fixture: Subject) {
    let store = fixture.storage();
    let full = |row: JoinRequest| JoinRequest {
        name: Some("Robert".into()),
        message: Some("It is me".into()),
        ..with(row, "bob@example.com")
    };
    let rows = [
        proposed(request(1, "mia"), address("bob@example.com")),
        full(proposed(request(2, "mia"), address("bob@example.com"))),
        proposed(request(3, "mia"), address("eve@example.com")),
    ];
    let (plan, settings) = (Plan::seats("team", 5), Settings::named("Acme"));
    happened(store, 1, [Event::OrganizationCreated { plan, settings }]).await;
    happened(store, 2, rows.iter().map(|row| Event::RequestMade { request: Box::new(row.clone()) })).await;
    let denied = || RequestEnding::Denied { by: Actor::System, reason: Some("too late".into()) };
    happened(store, 3, [1, 3].map(|n| Event::RequestEnded { id: request_id(n), ending: denied() })).await;
    let before = store.events(&acme(), 0, 99).await.unwrap();
    assert!(before.iter().filter(|event| event.data.contains("too late")).count() == 2);
    // The last one ends and is erased at once.
    let ending = RequestEnding::Settled { because: SettledBecause::Erased };
    let ended = Event::RequestEnded { id: request_id(2), ending };
    let erasing = [1, 2].map(|n| Event::RequestErased { id: request_id(n) });
    happened(store, 10, [ended].into_iter().chain(erasing)).await;

    let after = store.events(&acme(), 0, 99).await.unwrap();
    assert_eq!(after.len(), before.len() + 3, "the log stays as long as it was, and says what was done");
    for event in &after {
        let of_bob = event.request.is_some_and(|id| id != request_id(3));
        let tells = ["b…@", "too late"].iter().any(|text| event.data.contains(text));
        assert!(!(of_bob && tells), "record {} tells of bob: {}", event.sequence, event.data);
    }
    assert!(after.iter().any(|event| event.data.contains("e…@")), "somebody else's stays");
    assert!(after.iter().any(|event| event.data.contains("too late")), "and why it was denied");
    let listed = store.requests(&acme(), &RequestFilter::default(), at(11), &all()).await.unwrap();
    let seen = |n: u32| listed.iter().find(|row| row.id == request_id(n)).unwrap();
    let denied = RequestEnding::Denied { by: Actor::System, reason: None };
    let left = JoinRequest { ended: Some((denied, at(3))), ..erased(rows[0].clone()) };
    assert_eq!(*seen(1), left, "what is left of a join request");
    let because = SettledBecause::Erased;
    let left = erased(rows[1].clone());
    let left = JoinRequest { ended: Some((RequestEnding::Settled { because }, at(10))), ..left };
    assert!(*seen(2) == left, "expected: name, message and address are gone; seen: {:?}", seen(2));
    assert_eq!(seen(3).invitee, rows[2].invitee, "somebody else's stays");
    let by_mia = store.requests_by(&user("mia"), &all()).await.unwrap();
    assert_eq!(by_mia.len(), 3, "whoever made it sees how it ended");
}

pub(super) async fn holders_are_found_by_requests(fixture: Subject) {
    let store = fixture.storage();
    let bob = || address("bob@example.com");
    asked_in(store, "asked-for", &[proposed(request(1, "mia"), bob())]).await;
    asked_in(store, "asked-with", &[withdrawn(with(request(1, "robert"), "Bob@Example.com"), 5)]).await;
    asked_in(store, "gone", &[withdrawn(erased(with(request(1, "bob"), "bob@example.com")), 5)]).await;
    asked_in(store, "of-bob", &[with(request(1, "bob"), "robert@example.com")]).await;
    asked_in(store, "proposed-by", &[proposed(request(1, "bob"), user("eve"))]).await;
    let held = async |of: Invitee, after: Option<&str>, limit| {
        let after = after.map(organization);
        let found = store.holders(&[of], after.as_ref(), limit).await.unwrap();
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let of_address = ["asked-for", "asked-with"];
    assert_eq!(held(bob().into(), None, 9).await, of_address, "who holds something about the address");
    assert_eq!(held(bob().into(), None, 1).await, of_address[..1], "as many as asked for");
    assert_eq!(held(bob().into(), Some("asked-for"), 9).await, of_address[1..], "those behind one");
    let of_user = ["gone", "of-bob", "proposed-by"];
    assert_eq!(held(user("bob").into(), None, 9).await, of_user, "whoever made a request is not erased");
}
