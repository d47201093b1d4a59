//! Cases of join requests: their values, what is open for whom, and what is due.

use chrono::TimeDelta;
use invite_core::*;
use invite_storage::{RequestFilter, Storage};

use super::errors::is_corrupt;
use super::request_lists::ids;
use super::rows::*;
use super::seen::Seen;
use super::{Row, Subject};

const TEXTS: &str = "Ἀθήνα 東京 مرحبا 👩‍🚀 'quoted' \"twice\" \\ %_ ;-- \u{200f}";

pub(super) fn globex() -> OrganizationId {
    organization("globex")
}

/// An organization with join requests.
pub(super) async fn asked_in(store: &dyn Storage, id: &str, rows: &[JoinRequest]) -> Organization {
    let mut commit = on(&header(id));
    insert_requests(&mut commit, rows);
    written(store, &commit).await
}

/// Changes join requests, of which none is new; how many are open is in the header as it is given.
pub(super) async fn changed(
    store: &dyn Storage,
    header: &Organization,
    rows: &[JoinRequest],
) -> Organization {
    let mut commit = on(header);
    commit.requests = rows.iter().cloned().map(RowChange::Update).collect();
    written(store, &commit).await
}

pub(super) fn ending_at(row: JoinRequest, seconds: i64) -> JoinRequest {
    JoinRequest { expires_at: at(seconds), ..row }
}

/// Expired, and written down.
pub(super) fn noted(row: JoinRequest, seconds: i64) -> JoinRequest {
    JoinRequest { ended: Some((RequestEnding::Expired, at(seconds))), ..row }
}

pub(super) fn in_groups(row: JoinRequest, groups: &[&str]) -> JoinRequest {
    let mut grants = Grants::default();
    groups.iter().for_each(|id| grants.set(Grant::role("member").in_group(group(id))));
    JoinRequest { grants, ..row }
}

/// A proposal: somebody asks for somebody else.
pub(super) fn proposed(row: JoinRequest, invitee: impl Into<Invitee>) -> JoinRequest {
    JoinRequest { way: RequestWay::Proposal, invitee: invitee.into(), ..row }
}

/// Field by field, for `Debug` leaves out what is nobody's business.
fn is_as_it_was(seen: Option<&JoinRequest>, row: &JoinRequest) {
    let Some(seen) = seen else { panic!("expected: {row:?}; seen: no join request") };
    let typed = |row: &JoinRequest| {
        let invitee = row.invitee.address().map(|address| address.as_str().to_owned());
        (invitee, row.email.as_ref().map(|address| address.as_str().to_owned()))
    };
    assert_eq!(typed(seen), typed(row), "addresses of a join request, as typed");
    assert!(seen.name == row.name, "expected: the name on {:?} as it was; seen: another", row.id);
    assert!(seen.message == row.message, "expected: the message of {:?} as it was; seen: another", row.id);
    assert_eq!(seen.ended, row.ended, "how and when a join request ended");
    assert_eq!(seen, row, "a join request");
}

/// Every way, every ending, the longest and the emptiest.
fn every_value() -> Vec<JoinRequest> {
    let (long, last) = ("ü".repeat(MAX_ID_BYTES / 2), last_time());
    let (label, shorter) = ("d".repeat(60), "d".repeat(59));
    let far = address(&format!("{}@{shorter}.{label}.{label}.example", "l".repeat(64)));
    let domain = Domain::parse("Bücher.Example").unwrap();
    let by = || Actor::User(user(&long));
    let mut grants =
        Grants::from([Grant::role("r".repeat(64)).restricted("line", Restriction::only([TEXTS]))]);
    for n in 0..40 {
        grants.set(Grant::role("member").removing("posts.create").in_group(group(&format!("{n:0>128}"))));
    }
    let most = JoinRequest {
        id: RequestId::from_parts(last, [255; 10]),
        way: RequestWay::Link { link: LinkId::from_parts(last, [255; 10]), revision: u32::MAX },
        invitee: user(&long).into(),
        by: user(&long),
        email: Some(far.clone()),
        name: Some("n".repeat(5_000)),
        grants,
        message: Some(format!("{TEXTS}\n\r\n\t{}", "m".repeat(20_000))),
        created_at: last,
        expires_at: last,
        ended: Some((RequestEnding::Approved { by: by(), invitation: None }, last)),
    };
    let typed = JoinRequest {
        email: Some(address("BOB.Smith+List@ExamPle.COM")),
        created_at: MIN_TIME,
        expires_at: MIN_TIME,
        ..proposed(request(1, "ada"), address("Jürgen.Köhler@Straße.example"))
    };
    let empty = JoinRequest { name: Some(String::new()), message: Some(String::new()), ..request(2, " ") };
    let fine = JoinRequest {
        created_at: at(1) + TimeDelta::microseconds(123_457),
        expires_at: at(2) + TimeDelta::microseconds(1),
        ..request(3, "\u{200b}")
    };
    let ways = [
        RequestWay::Link { link: link_id(0), revision: 0 },
        RequestWay::Group(group(&long)),
        RequestWay::Domain(domain),
        RequestWay::Proposal,
    ];
    let invitation = Some(InvitationId::from_parts(last, [255; 10]));
    let endings = [
        RequestEnding::Approved { by: Actor::System, invitation },
        RequestEnding::Denied { by: by(), reason: None },
        RequestEnding::Denied { by: Actor::System, reason: Some(String::new()) },
        RequestEnding::Denied { by: by(), reason: Some(TEXTS.repeat(100)) },
        RequestEnding::Withdrawn,
        RequestEnding::Expired,
        RequestEnding::Settled { because: SettledBecause::JoinedOtherwise },
        RequestEnding::Settled { because: SettledBecause::InviteeRemoved },
        RequestEnding::Settled { because: SettledBecause::OrganizationClosed },
        RequestEnding::Settled { because: SettledBecause::GroupClosed },
        RequestEnding::Settled { because: SettledBecause::Erased },
    ];
    let of_ways = ways.into_iter().zip(10..).map(|(way, n)| JoinRequest { way, ..request(n, "bob") });
    let of_endings = endings.into_iter().zip(20..).map(|(ending, n)| JoinRequest {
        ended: Some((ending, at(n.into()) + TimeDelta::microseconds(1))),
        ..request(n, "eve")
    });
    let gone = withdrawn(request(4, "bob"), 9);
    let gone = JoinRequest { invitee: Invitee::Erased(gone.id.as_uuid()), ..gone };
    [most, typed, empty, fine, gone].into_iter().chain(of_ways).chain(of_endings).collect()
}

pub(super) async fn values_come_back_of_requests(fixture: Subject) {
    let store = fixture.storage();
    let rows = every_value();
    let domains = [("example.com", DomainJoining::Directly), ("bücher.example", DomainJoining::ByRequest)];
    let verified = domains.map(|(domain, joining)| {
        let grants = [Grant::role("client"), Grant::role("member").in_group(group("グループ"))];
        let set = match joining {
            DomainJoining::Directly => VerifiedDomain::joins(grants),
            DomainJoining::ByRequest => VerifiedDomain::asks(grants),
        };
        (Domain::parse(domain).unwrap(), set)
    });
    let mut commit = on(&Organization { verified: verified.into(), ..header("acme") });
    insert_requests(&mut commit, &rows);
    commit.events[0].request = Some(rows[0].id);
    let header = written(store, &commit).await;
    let mut reads = Reads::new();
    reads.requests = rows.iter().map(|row| row.id).collect();
    reads.asked = rows.iter().map(|row| row.invitee.clone()).collect();
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.organization(), Some(&header), "the organization, with its verified domains");
    for row in &rows {
        is_as_it_was(slice.request(row.id).unwrap(), row);
        let is_open = slice.asked_for(&row.invitee).unwrap().any(|open| open.id == row.id);
        assert_eq!(is_open, row.is_open(), "whether {row:?} is open for its invitee");
    }
    let listed = store.requests(&acme(), &RequestFilter::default(), at(0), &all()).await.unwrap();
    for row in &rows {
        is_as_it_was(listed.iter().find(|seen| seen.id == row.id), row);
        let theirs = store.requests_by(&row.by, &all()).await.unwrap();
        is_as_it_was(theirs.iter().map(|entry| &entry.request).find(|seen| seen.id == row.id), row);
    }
    let entry = store.events(&acme(), 0, 1).await.unwrap().remove(0);
    assert_eq!((entry.request, entry.link), (Some(rows[0].id), None), "what an event is about");
    let header = written(store, &on(&Organization { verified: Default::default(), ..header })).await;
    assert_eq!(current(store, &acme()).await, header, "no domain is verified any more");
    assert_eq!(store.events(&acme(), 1, 1).await.unwrap()[0].request, None, "an event about no join request");
}

/// What several facts of one commit make of one request is one change, and comes back as the last of them left it.
pub(super) async fn values_come_back_of_requests_after_several_changes_in_one_commit(fixture: Subject) {
    let store = fixture.storage();
    let made = |row: &JoinRequest| Event::RequestMade { request: Box::new(row.clone()) };
    let ended = |row: &JoinRequest, ending| Event::RequestEnded { id: row.id, ending };
    let denied =
        || RequestEnding::Denied { by: Actor::User(user("ada")), reason: Some("Not this year".into()) };
    let [first, second, third, fourth] = [1, 2, 3, 4].map(|n| request(n, "bob"));
    let grants = Grants::from(Grant::role("client"));
    let verified = |set: VerifiedDomain| Event::VerifiedDomainsChanged {
        verified: [(Domain::parse("example.com").unwrap(), set)].into(),
    };
    let settings = Settings::named("Acme");
    let batches = [
        // Made and ended at once: never open for anybody else.
        vec![
            Event::OrganizationCreated { plan: Plan::seats("team", 5), settings },
            made(&first),
            ended(&first, RequestEnding::Withdrawn),
        ],
        vec![made(&second)],
        // Ended, and asked anew.
        vec![ended(&second, denied()), made(&third)],
        vec![ended(&third, RequestEnding::Expired), made(&fourth), ended(&fourth, denied())],
        // Set twice, and taken back.
        vec![verified(VerifiedDomain::joins(grants.clone())), verified(VerifiedDomain::asks(grants.clone()))],
        vec![
            verified(VerifiedDomain::joins(grants)),
            Event::VerifiedDomainsChanged { verified: Default::default() },
        ],
    ];
    let mut reads = Reads::new().person(user("bob")).group(group("red"));
    reads.requests.extend((1..=4).map(request_id));
    for (n, facts) in batches.into_iter().enumerate() {
        let now = at(10 + i64::try_from(n).unwrap());
        let slice = store.load(&acme(), &reads, now).await.unwrap();
        let draft =
            fold(Draft::new(slice, now, commit_id()), facts.into_iter().map(|fact| (Actor::System, fact)));
        let expected = Seen::of(&draft, &reads).unwrap();
        written(store, &draft.into_commit()).await;
        let slice = store.load(&acme(), &reads, now).await.unwrap();
        let difference = Seen::of(&slice, &reads).unwrap().difference(&expected);
        assert_eq!(difference, None, "commit {n}: what is stored is what its facts make of what was stored");
    }
}

/// A request brings all that a decision about it asks for.
pub(super) async fn load_closes_over_a_request(fixture: Subject) {
    let store = fixture.storage();
    let bob = Member { email: Some(address("bob@work.example")), ..member("bob", 1) };
    let way = RequestWay::Link { link: link_id(1), revision: 0 };
    let row = JoinRequest { way, email: Some(address("bob@home.example")), ..request(1, "bob") };
    let another = request(2, "bob");
    let to_address = proposed(request(3, "ada"), address("bob@home.example"));
    let row = in_groups(row, &["red"]);
    let by_link = Grant::role("member").in_group(group("blue"));
    let by_link = InviteLink {
        settings: LinkSettings::new("Link", by_link),
        creator: Actor::User(user("lea")),
        ..link(1)
    };
    let to_work = naming(invitation(1, "bob@work.example"), "green");
    let mut commit = on(&header("acme"));
    insert_requests(&mut commit, &[row.clone(), another.clone(), to_address.clone()]);
    insert_members(&mut commit, &[bob.clone(), member("ada", 0), member("lea", 0)]);
    let scope = Scope::Group(group("green"));
    commit.invitations = vec![RowChange::Insert(to_work.clone())];
    commit.places = vec![RowChange::Insert(Place { scope, ..place(&to_work) })];
    commit.links = vec![RowChange::Insert(by_link.clone())];
    commit.groups = ["red", "blue", "green"].map(|id| RowChange::Insert(a_group(id, 0))).into();
    written(store, &commit).await;
    let reads = Reads::new().request(row.id);
    let slice = store.load(&acme(), &reads, at(5)).await.unwrap();
    let open = slice.open(&reads);
    assert!(open.is_empty(), "expected: every key is answered; not answered: {open:?}");
    is_as_it_was(slice.request(row.id).unwrap(), &row);
    assert_eq!(slice.member(&user("bob")).unwrap(), Some(&bob), "whoever would join");
    assert_eq!(slice.link(link_id(1)).unwrap(), Some(&by_link), "the link it came by");
    assert_eq!(slice.member(&user("lea")).unwrap(), Some(&member("lea", 0)), "the creator of the link");
    for id in ["red", "blue", "green"] {
        assert_eq!(slice.group(&group(id)).unwrap(), Some(&a_group(id, 0)), "a group that is named");
    }
    let asked = |invitee: Invitee| {
        let rows = slice.asked_for(&invitee).unwrap().map(|row| row.id);
        rows.collect::<Vec<_>>()
    };
    assert_eq!(asked(user("bob").into()), [row.id, another.id], "what is asked for whoever would join");
    assert_eq!(asked(address("bob@home.example").into()), [to_address.id], "by the address that it tells");
    assert_eq!(asked(address("bob@work.example").into()), [], "by the address they joined with");
    let open = slice.open_of(&address("bob@work.example").into()).unwrap().map(|row| row.id);
    assert_eq!(open.collect::<Vec<_>>(), [to_work.id], "what they are invited to");

    let proposal = store.load(&acme(), &Reads::new().request(to_address.id), at(5)).await.unwrap();
    assert_eq!(proposal.member(&user("ada")).unwrap(), Some(&member("ada", 0)), "whoever proposes");
}

fn naming(row: Invitation, group_id: &str) -> Invitation {
    Invitation { grants: Grant::role("member").in_group(group(group_id)).into(), ..row }
}

/// The same ids serve two organizations, and a third one has none.
pub(super) async fn tenants_are_apart_in_their_requests(fixture: Subject) {
    let store = fixture.storage();
    let bob = Invitee::from(user("bob"));
    let of = |id: &str| JoinRequest { name: Some(id.into()), ..ending_at(request(1, "bob"), 5) };
    for id in ["acme", "globex"] {
        asked_in(store, id, &[of(id)]).await;
    }
    // Its count says that there is something to be found.
    let counts = Counts { requests: 1, ..Counts::default() };
    written(store, &on(&Organization { counts, ..header("ACME") })).await;
    let mut reads = Reads::new().request(request_id(1));
    reads.asked.insert(bob.clone());
    reads.due_requests = 9;
    let anything = RequestFilter::default();
    for id in ["acme", "globex", "ACME"] {
        let expected = [of(id)].into_iter().filter(|_| id != "ACME").collect::<Vec<_>>();
        let slice = store.load(&organization(id), &reads, at(9)).await.unwrap();
        let seen = slice.request(request_id(1)).unwrap().cloned().into_iter().collect::<Vec<_>>();
        assert!(seen == expected, "the join request of {id}, and of no other organization");
        let seen = slice.asked_for(&bob).unwrap().cloned().collect::<Vec<_>>();
        assert!(seen == expected, "what is open for somebody in {id}");
        let seen = slice.due_requests().unwrap().0.cloned().collect::<Vec<_>>();
        assert!(seen == expected, "what is due in {id}");
        let by = RequestFilter { by: Some(user("bob")), ..RequestFilter::default() };
        for filter in [&anything, &by] {
            let seen = store.requests(&organization(id), filter, at(0), &all()).await.unwrap();
            assert!(seen == expected, "the join requests of {id}: {filter:?}");
        }
    }
    // What changes in one stays in the other.
    let mut commit = on(&current(store, &acme()).await);
    commit.requests = vec![RowChange::Delete(request_id(1))];
    commit.header.as_mut().unwrap().counts.requests = 0;
    written(store, &commit).await;
    assert!(store.requests(&acme(), &anything, at(0), &all()).await.unwrap().is_empty());
    let left = store.requests(&globex(), &anything, at(0), &all()).await.unwrap();
    assert!(left == [of("globex")], "the join request of the other organization");
    let theirs = store.requests_by(&user("bob"), &all()).await.unwrap();
    assert_eq!(theirs.iter().map(|entry| &entry.organization).collect::<Vec<_>>(), [&globex()]);
}

/// What asks for the open join requests of an invitee.
fn asking_of(invitee: &Invitee) -> Reads {
    let mut reads = Reads::new();
    reads.asked.insert(invitee.clone());
    reads
}

/// What asks for so many join requests that are due.
fn due_of(limit: u32) -> Reads {
    let mut reads = Reads::new();
    reads.due_requests = limit;
    reads
}

async fn open_for(store: &dyn Storage, invitee: &Invitee) -> Vec<RequestId> {
    let reads = asking_of(invitee);
    let slice = store.load(&acme(), &reads, at(100)).await.unwrap();
    let mut rows = ids(slice.asked_for(invitee).unwrap());
    rows.sort_unstable();
    rows
}

pub(super) async fn asked_is_all(fixture: Subject) {
    let store = fixture.storage();
    let bob = Invitee::from(user("bob"));
    let home = Invitee::from(address("bob@home.example"));
    let rows = [
        request(1, "bob"),
        // Past its expiry, and not written down.
        ending_at(request(2, "bob"), 5),
        withdrawn(request(3, "bob"), 5),
        proposed(request(4, "ada"), user("bob")),
        proposed(request(5, "bob"), address("Bob@Home.Example")),
        JoinRequest { email: Some(address("bob@home.example")), ..request(6, "eve") },
        proposed(request(7, "bob"), user("bob@home.example")),
    ];
    let header = asked_in(store, "acme", &rows).await;
    let numbered = |numbers: &[u32]| numbers.iter().copied().map(request_id).collect::<Vec<_>>();
    let all_of_bob = "the open ones of a user, past their expiry or not, whoever asks";
    assert_eq!(open_for(store, &bob).await, numbered(&[1, 2, 4]), "{all_of_bob}");
    assert_eq!(open_for(store, &home).await, numbered(&[5]), "the open ones of an address, however typed");
    assert_eq!(
        open_for(store, &user("ada").into()).await,
        [],
        "whoever proposes does not ask for themselves"
    );
    let header =
        changed(store, &header, &[noted(rows[1].clone(), 9), proposed(rows[3].clone(), user("kim"))]).await;
    assert_eq!(open_for(store, &bob).await, numbered(&[1]), "what is left when others ended or changed");
    assert_eq!(open_for(store, &user("kim").into()).await, numbered(&[4]), "what was changed to be theirs");
    let mut commit = on(&header);
    commit.requests = vec![RowChange::Delete(request_id(1))];
    written(store, &commit).await;
    assert_eq!(open_for(store, &bob).await, [], "what is left when the last one is gone");
}

pub(super) async fn asked_is_all_or_an_error(fixture: Subject) {
    let store = fixture.storage();
    let bob = Invitee::from(user("bob"));
    let most = u32::try_from(Reads::MAX_ASKED).unwrap();
    let rows = (0..most).map(|n| request(n, "bob")).collect::<Vec<_>>();
    let header = asked_in(store, "acme", &rows).await;
    assert_eq!(open_for(store, &bob).await.len(), Reads::MAX_ASKED, "as many as there may be");
    let mut commit = on(&header);
    insert_requests(&mut commit, &[request(most, "bob"), request(most + 1, "eve")]);
    written(store, &commit).await;
    assert!(store.load(&acme(), &asking_of(&bob), at(0)).await.is_err(), "a part of them is not the truth");
    assert_eq!(open_for(store, &user("eve").into()).await.len(), 1, "those of somebody else");
}

/// What is due: the numbers of the requests in their order, and whether there are more.
async fn due(store: &dyn Storage, limit: u32, now: i64) -> (Vec<u32>, bool) {
    let reads = due_of(limit);
    let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
    let (rows, more) = slice.due_requests().unwrap();
    let number = |row: &JoinRequest| (0..99).find(|n| request_id(*n) == row.id).unwrap();
    (rows.map(number).collect(), more)
}

pub(super) async fn due_requests_are_past_their_expiry(fixture: Subject) {
    let store = fixture.storage();
    let ends = |n: u32, end| ending_at(request(n, "bob"), end);
    let rows =
        [ends(1, 100), ends(2, 101), ends(3, 50), withdrawn(ends(5, 10), 9), ends(6, 60), ends(7, 100)];
    let header = asked_in(store, "acme", &rows).await;
    assert_eq!(due(store, 9, 49).await, (vec![], false), "one second before the first ends");
    assert_eq!(due(store, 9, 50).await, (vec![3], false), "at the very moment it is over");
    assert_eq!(due(store, 1, 99).await, (vec![3], true), "as many as asked for, the longest past first");
    assert_eq!(due(store, 3, 100).await, (vec![3, 6, 1], true), "of one time by their ids");
    assert_eq!(due(store, 4, 100).await, (vec![3, 6, 1, 7], false), "all, and no sign of more");
    assert_eq!(due(store, 9, 5_000).await, (vec![3, 6, 1, 7, 2], false));
    let header = changed(store, &header, &[noted(rows[2].clone(), 50), ends(6, 300)]).await;
    assert_eq!(due(store, 9, 100).await, (vec![1, 7], false), "what ended or lives longer is not due");
    let mut commit = on(&header);
    commit.header.as_mut().unwrap().last_at = at(300);
    written(store, &commit).await;
    let seen = due(store, 9, 0).await;
    assert_eq!(seen, (vec![1, 7, 2, 6], false), "time does not go back behind the last event");
}

pub(super) async fn due_requests_are_past_their_expiry_or_of_a_closed_organization(fixture: Subject) {
    let store = fixture.storage();
    let rows = [
        JoinRequest { expires_at: last_time(), ..request(1, "bob") },
        ending_at(request(2, "eve"), 100),
        withdrawn(request(3, "kim"), 9),
    ];
    let header = asked_in(store, "acme", &rows).await;
    assert_eq!(due(store, 9, 0).await, (vec![], false));
    for (status, expected) in
        [(OrganizationStatus::Suspended, vec![]), (OrganizationStatus::Closed, vec![2, 1])]
    {
        let mut commit = on(&current(store, &header.id).await);
        commit.header.as_mut().unwrap().status = status;
        written(store, &commit).await;
        assert_eq!(due(store, 9, 0).await, (expected, false), "{status:?}");
    }
    assert!(due(store, 1, 0).await.1, "expected: a sign that there is more than one");
}

pub(super) async fn errors_fail_closed_where_a_request_cannot_be_read(fixture: Subject) {
    let store = fixture.storage();
    for (n, id) in (1..).zip(["acme", "globex"]) {
        let rows = [request(n, "bob"), request(n + 2, "eve")].map(|row| ending_at(row, 5));
        asked_in(store, id, &rows).await;
    }
    let anything = RequestFilter::default();
    let of_bob = Reads::new().request(request_id(1));
    let asked_of = |name: &str| asking_of(&user(name).into());
    let due = due_of(9);
    fixture.must_damage(&acme(), Row::Request(request_id(1))).await;
    is_corrupt("load of the join request", store.load(&acme(), &of_bob, at(9)).await);
    is_corrupt("load of what is asked for somebody", store.load(&acme(), &asked_of("bob"), at(9)).await);
    is_corrupt("load of what is due", store.load(&acme(), &due, at(9)).await);
    is_corrupt("the join requests", store.requests(&acme(), &anything, at(9), &all()).await);
    let of_acme = is_corrupt("what bob asked for", store.requests_by(&user("bob"), &all()).await);
    assert!(of_acme, "expected: the cause names the organization of the row; seen: it does not");
    assert!(store.load(&acme(), &asked_of("eve"), at(9)).await.is_ok(), "another row of the organization");
    assert_eq!(store.requests_by(&user("eve"), &all()).await.unwrap().len(), 2, "those of another user");
    let elsewhere = store.requests(&globex(), &anything, at(9), &all()).await.unwrap();
    assert_eq!(elsewhere.len(), 2, "another organization");
}
