//! Cases of the lists of join requests.

use chrono::{DateTime, TimeDelta, Utc};
use invite_core::*;
use invite_storage::{Position, Positioned, RequestEntry, RequestFilter, Seek, Storage};

use super::Subject;
use super::requests::{asked_in, changed, ending_at, globex, in_groups, noted, proposed};
use super::rows::*;

/// Twelve requests, four to a second, of three people: of every state, in one group, in two and in the organization.
fn many() -> Vec<JoinRequest> {
    let rows = (0..12_u32).map(|n| {
        let row = request(n, ["bob", "eve", "kim"][n as usize % 3]);
        let row = JoinRequest { created_at: at((n / 4).into()), ..row };
        let row = match n % 5 {
            0 => in_groups(row, &["blue"]),
            1 => in_groups(row, &["red", "blue"]),
            2 => JoinRequest { grants: Grant::role("member").into(), ..row },
            3 => JoinRequest {
                grants: [Grant::role("client"), Grant::role("member").in_group(group("red"))].into(),
                ..row
            },
            _ => in_groups(row, &["red"]),
        };
        let ended = |ending| Some((ending, at(30)));
        let by = Actor::System;
        match n % 7 {
            0 => ending_at(row, 50),
            1 => withdrawn(row, 30),
            2 => noted(row, 30),
            3 => JoinRequest { ended: ended(RequestEnding::Approved { by, invitation: None }), ..row },
            4 => JoinRequest { ended: ended(RequestEnding::Denied { by, reason: None }), ..row },
            5 => {
                let because = SettledBecause::InviteeRemoved;
                JoinRequest { ended: ended(RequestEnding::Settled { because }), ..row }
            }
            _ => row,
        }
    });
    let mut rows = rows.collect::<Vec<_>>();
    // Several of one group, state and second.
    rows.extend(
        (12..16).map(|n| in_groups(JoinRequest { created_at: at(1), ..request(n, "bob") }, &["red"])),
    );
    rows
}

fn newest_first(rows: &mut [JoinRequest]) {
    rows.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
}

pub(super) fn ids<'a>(rows: impl IntoIterator<Item = &'a JoinRequest>) -> Vec<RequestId> {
    rows.into_iter().map(|row| row.id).collect()
}

pub(super) async fn lists_are_ordered_of_requests(fixture: Subject) {
    let store = fixture.storage();
    let mut rows = many();
    asked_in(store, "acme", &rows).await;
    newest_first(&mut rows);
    let anything = RequestFilter::default();
    let listed = store.requests(&acme(), &anything, at(10), &all()).await.unwrap();
    assert_eq!(ids(&listed), ids(&rows), "join requests from the newest by (time, id)");
    assert_eq!(listed, rows, "join requests");
    let listed = store.requests_by(&user("bob"), &all()).await.unwrap();
    let expected = rows.iter().filter(|row| row.by == user("bob"));
    assert_eq!(ids(listed.iter().map(|entry| &entry.request)), ids(expected), "what bob asked for");
    let listed = store.requests(&acme(), &anything, at(10), &first(3)).await.unwrap();
    assert_eq!(ids(&listed), ids(&rows[..3]), "as many as asked for");
    assert!(store.requests(&acme(), &anything, at(10), &first(0)).await.unwrap().is_empty());
    assert!(store.requests(&organization("nowhere"), &anything, at(10), &all()).await.unwrap().is_empty());
}

/// Reads a whole list in pages of a size.
macro_rules! paged {
    ($size:expr, |$seek:ident| $page:expr) => {{
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let $seek = &Seek { after, limit: $size };
            let page = $page.await.unwrap();
            assert!(page.len() <= $size as usize, "a page of {} rows, of {} at the most", page.len(), $size);
            let Some(last) = page.last() else { break rows };
            after = Some(last.position());
            rows.extend(page);
            assert!(rows.len() < 1_000, "expected: pages that end; seen: {} rows and more", rows.len());
        }
    }};
}

fn filters() -> Vec<RequestFilter> {
    let groups = [None, Some(group("red")), Some(group("blue")), Some(group("none"))];
    let people = [None, Some(user("bob")), Some(user("eve")), Some(user("nobody"))];
    let states = [None].into_iter().chain(RequestState::ALL.map(Some));
    let each = states.flat_map(|state| groups.clone().map(|group| (state, group)));
    each.flat_map(|(state, group)| people.clone().map(|by| RequestFilter { state, group: group.clone(), by }))
        .collect()
}

/// Pages of any size, and behind any position: of a row, of one that is gone, or made up.
pub(super) async fn pages_meet_for_requests(fixture: Subject) {
    let store = fixture.storage();
    asked_in(store, "acme", &many()).await;
    let others = (0..8).map(|n| JoinRequest { created_at: at((n / 4).into()), ..request(100 + n, "bob") });
    asked_in(store, "globex", &others.collect::<Vec<_>>()).await;
    let (acme, bob) = (acme(), user("bob"));
    for filter in filters() {
        let whole = store.requests(&acme, &filter, at(60), &all()).await.unwrap();
        for size in [1, 2, 3, 7] {
            let pages = paged!(size, |seek| store.requests(&acme, &filter, at(60), seek));
            assert_eq!(ids(&pages), ids(&whole), "pages of {size}, put together: {filter:?}");
        }
    }
    let theirs = store.requests_by(&bob, &all()).await.unwrap();
    assert!(theirs.len() > 10);
    for size in 1..9 {
        let pages = paged!(size, |seek| store.requests_by(&bob, seek));
        assert_eq!(pages, theirs, "what bob asked for, in pages of {size}");
    }
    let listed = store.requests(&acme, &RequestFilter::default(), at(10), &all()).await.unwrap();
    let some = [request_id(5), request_id(77)].map(|id| id.to_string());
    let keys = ["", "0", "no key", "\u{10ffff}"].into_iter().chain(some.iter().map(String::as_str));
    for key in keys {
        for time in [MIN_TIME, at(0), at(1), at(2), at(3), last_time()] {
            let after = Position::new(time, key);
            let seek = behind(Some(after.clone()), 99);
            let page = store.requests(&acme, &RequestFilter::default(), at(10), &seek).await.unwrap();
            let rest = listed.iter().filter(|row| row.position() < after);
            assert_eq!(ids(&page), ids(rest), "join requests behind {after:?}");
            let page = store.requests_by(&bob, &seek).await.unwrap();
            let rest = theirs.iter().filter(|row| row.position() < after).cloned().collect::<Vec<_>>();
            assert_eq!(page, rest, "what bob asked for, behind {after:?}");
        }
    }
}

pub(super) async fn requests_are_filed(fixture: Subject) {
    let store = fixture.storage();
    let mut rows = many();
    let header = asked_in(store, "acme", &rows).await;
    filed(store, &rows).await;
    // One ends, one is edited to lie in another group and be of somebody else, and one is gone.
    rows[6] = withdrawn(rows[6].clone(), 40);
    rows[14] = in_groups(JoinRequest { by: user("eve"), ..rows[14].clone() }, &["blue"]);
    let gone = rows.remove(13);
    let mut commit = on(&header);
    commit.requests = [&rows[6], &rows[13]].map(|row| RowChange::Update(row.clone())).into();
    commit.requests.push(RowChange::Delete(gone.id));
    written(store, &commit).await;
    filed(store, &rows).await;
}

async fn filed(store: &dyn Storage, rows: &[JoinRequest]) {
    let mut found = 0;
    for now in [at(10), at(60)] {
        for filter in filters() {
            let is_of = |row: &&JoinRequest| {
                filter.state.is_none_or(|state| row.state_at(now) == state)
                    && (filter.group.is_none() || row.group() == filter.group.as_ref())
                    && filter.by.as_ref().is_none_or(|by| row.by == *by)
            };
            let mut expected = rows.iter().filter(is_of).cloned().collect::<Vec<_>>();
            newest_first(&mut expected);
            let listed = store.requests(&acme(), &filter, now, &all()).await.unwrap();
            assert_eq!(ids(&listed), ids(&expected), "{filter:?}");
            found += listed.len();
            let elsewhere = store.requests(&globex(), &filter, now, &all()).await.unwrap();
            assert!(elsewhere.is_empty(), "join requests of another organization");
        }
    }
    assert!(found > 100, "the filters found something, and not {found}");
}

/// At the very microsecond of its end it is over.
pub(super) async fn lists_know_the_time_of_requests(fixture: Subject) {
    let store = fixture.storage();
    let over = ending_at(request(1, "bob"), 50);
    asked_in(store, "acme", &[over.clone(), request(2, "eve"), noted(request(3, "kim"), 45)]).await;
    let last = at(50) - TimeDelta::microseconds(1);
    let in_state = async |state: RequestState, now: DateTime<Utc>| {
        let filter = RequestFilter { state: Some(state), ..RequestFilter::default() };
        ids(&store.requests(&acme(), &filter, now, &all()).await.unwrap())
    };
    for (now, state) in [(last, RequestState::Pending), (at(50), RequestState::Expired)] {
        for asked in RequestState::ALL {
            let seen = in_state(asked, now).await.contains(&over.id);
            let what = format!("a join request that ends at {}, among {asked:?} at {now}", at(50));
            assert_eq!(seen, asked == state, "{what}");
        }
    }
    // All that is open in a closed organization is due, and still only expired once its time is over.
    let mut commit = on(&current(store, &acme()).await);
    commit.header.as_mut().unwrap().status = OrganizationStatus::Closed;
    commit.header.as_mut().unwrap().last_at = at(60);
    written(store, &commit).await;
    for (now, expired) in [(last, vec![request_id(3)]), (at(50), vec![request_id(3), request_id(1)])] {
        let seen = in_state(RequestState::Expired, now).await;
        assert_eq!(seen, expired, "expired ones of a closed organization at {now}");
    }
    finds_few_among_many(store).await;
}

/// However many lie between them in the order of the list.
async fn finds_few_among_many(store: &dyn Storage) {
    type IsOver = fn(u32) -> bool;
    let organizations: [(&str, IsOver); 3] =
        [("few", |n| n % 40 == 3), ("most", |n| n % 40 != 3), ("half", |n| n % 2 == 0)];
    for (organization, is_over) in organizations {
        let row = |n| ending_at(request(n, "bob"), if is_over(n) { 100 } else { 200 });
        let rows = (0..80).map(row).collect::<Vec<_>>();
        let organization = asked_in(store, organization, &rows).await.id;
        let filters = [(None, None), (Some(user("bob")), None), (None, Some(group("red")))];
        for ((by, group), limit) in filters.into_iter().flat_map(|of| [(of.clone(), 1), (of, 5)]) {
            for asked in [RequestState::Pending, RequestState::Expired] {
                let filter = RequestFilter { state: Some(asked), group: group.clone(), by: by.clone() };
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let seek = Seek { after, limit };
                    let page = store.requests(&organization, &filter, at(100), &seek).await.unwrap();
                    let Some(last) = page.last() else { break };
                    after = Some(last.position());
                    seen.extend(ids(&page));
                }
                let expected =
                    rows.iter().rev().filter(|row| row.state_at(at(100)) == asked).map(|row| row.id);
                assert_eq!(
                    seen,
                    expected.collect::<Vec<_>>(),
                    "{organization}, pages of {limit}: {filter:?}"
                );
            }
        }
    }
}

fn shown(rows: &[RequestEntry]) -> Vec<(&str, OrganizationStatus, RequestId)> {
    rows.iter().map(|row| (row.organization_name.as_str(), row.status, row.request.id)).collect()
}

pub(super) async fn requests_by_cross_organizations(fixture: Subject) {
    use OrganizationStatus::{Active, Closed, Suspended};
    let store = fixture.storage();
    for (n, (id, status)) in (0..).zip([("a", Active), ("b", Suspended), ("c", Closed), ("d", Active)]) {
        let row = |of: u32, by: &str| request(n * 10 + of, by);
        let mut rows = vec![
            proposed(row(2, "eve"), user("bob")),
            JoinRequest { email: Some(address("bob@example.com")), ..row(3, "eve") },
            row(4, "bob@example.com"),
        ];
        match id {
            "a" => rows.extend([row(1, "bob"), withdrawn(row(5, "bob"), 50)]),
            "b" => rows.push(noted(row(1, "bob"), 50)),
            "c" => rows.push(proposed(row(1, "bob"), address("kim@example.com"))),
            _ => {}
        }
        let mut commit = on(&header(id));
        insert_requests(&mut commit, &rows);
        commit.header.as_mut().unwrap().status = status;
        written(store, &commit).await;
    }
    let by = async |name: &str| store.requests_by(&user(name), &all()).await.unwrap();
    let (a, b, c) = (
        |n| ("a Ltd", Active, request_id(n)),
        |n| ("b Ltd", Suspended, request_id(n)),
        |n| ("c Ltd", Closed, request_id(n)),
    );
    let all_of_bob = "what bob asked for or proposed, whatever became of it, in all organizations";
    assert_eq!(shown(&by("bob").await), [c(21), b(11), a(5), a(1)], "{all_of_bob}");
    assert_eq!(by("bob").await[0].organization, organization("c"));
    assert_eq!(by("eve").await.len(), 8, "what another user asked for");
    assert_eq!(shown(&by("kim").await), [], "of somebody who was proposed");
    assert_eq!(shown(&by("Bob").await), [], "of somebody of another name");

    let mut commit = on(&current(store, &organization("a")).await);
    commit.header.as_mut().unwrap().settings = Settings::named("Renamed");
    commit.header.as_mut().unwrap().status = Closed;
    commit.requests = vec![RowChange::Delete(request_id(5))];
    written(store, &commit).await;
    let header = current(store, &organization("b")).await;
    changed(store, &header, &[JoinRequest { by: user("eve"), ..noted(request(11, "bob"), 50) }]).await;
    let seen = by("bob").await;
    assert_eq!(
        shown(&seen),
        [c(21), ("Renamed", Closed, request_id(1))],
        "names and statuses as they are now"
    );
    let mut commit = on(&current(store, &organization("c")).await);
    commit.requests = vec![RowChange::Delete(request_id(21))];
    written(store, &commit).await;
    assert_eq!(by("bob").await.len(), 1, "after one of them is gone");
}
