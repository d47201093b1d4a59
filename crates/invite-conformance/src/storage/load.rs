//! Cases of the sentences on load.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::TimeDelta;
use invite_core::*;
use invite_storage::{InvitationFilter, RequestFilter, Storage};
use tokio::task::{JoinSet, yield_now};

use super::rows::*;
use super::{Fixture, Subject};

/// Every kind of read, of rows that are there in some cases and not in others.
fn every_read() -> Reads {
    let mut reads = Reads::new()
        .invitation(invitation_id(1))
        .invitation(invitation_id(99))
        .invitee(address("bob@example.com").into())
        .invitee(user("bob").into())
        .member(user("ada"))
        .person(user("eve"))
        .sent_by(user("ada"))
        .limits_of(&Actor::User(user("ada")))
        .due();
    reads.addresses.insert(address("eve@example.com"));
    reads.commands.insert(command("k", "").key);
    reads
}

/// Rows that all carry one number, which is the version that wrote them.
fn stamped(header: &Organization, is_first: bool) -> Commit {
    let mut commit = on(header);
    let n = u32::try_from(header.version + 1).unwrap();
    let row = Invitation { revision: n, ..invitation(1, "bob@example.com") };
    if is_first {
        insert_invitations(&mut commit, &[row]);
        insert_members(&mut commit, &[member("ada", n.into())]);
    } else {
        commit.invitations = vec![RowChange::Update(row)];
        commit.members = vec![RowChange::Update(member("ada", n.into()))];
    }
    commit.limits = vec![(LimitSubject::Organization, at(n.into()))];
    commit
}

/// No row is of another version than the slice.
fn assert_of_one_version(slice: &Slice) {
    let version = slice.version();
    let stamp = at(i64::try_from(version).unwrap());
    let row = slice.invitation(invitation_id(1)).unwrap().unwrap();
    let open = slice.open_of(&address("bob@example.com").into()).unwrap().next().unwrap();
    let seen = [u64::from(row.revision), u64::from(open.revision)];
    assert_eq!(seen, [version; 2], "invitations of a slice of version {version}");
    let joined_at = slice.member(&user("ada")).unwrap().unwrap().joined_at;
    assert_eq!(joined_at, stamp, "a member of a slice of version {version}");
    let kept = slice.limit(&LimitSubject::Organization).unwrap();
    assert_eq!(kept, Some(stamp), "a limit of a slice of version {version}");
}

fn stamped_reads() -> Reads {
    Reads::new().invitation(invitation_id(1)).limits_of(&Actor::System)
}

/// Loads and commits in one task: each goes on where the other waits, at every point where it can.
pub(super) async fn load_is_one_version(fixture: Subject) {
    let store = fixture.storage();
    let mut header = written(store, &stamped(&header("acme"), true)).await;
    let reads = stamped_reads();
    let acme = acme();
    for waits in 0..12 {
        let commit = stamped(&header, false);
        let late = async {
            for _ in 0..waits {
                yield_now().await;
            }
            written(store, &commit).await
        };
        let (one, other, next) =
            tokio::join!(store.load(&acme, &reads, at(0)), store.load(&acme, &reads, at(0)), late);
        assert_of_one_version(&one.unwrap());
        assert_of_one_version(&other.unwrap());
        header = next;
    }
}

pub(super) async fn load_is_one_version_while_others_write(fixture: Subject) {
    const COMMITS: usize = 100;
    /// Fewer loads, and it may be that none of them met a commit.
    const LOADS: usize = 60;
    let fixture: Arc<dyn Fixture> = fixture.into();
    let store = fixture.storage();
    let mut header = written(store, &stamped(&header("acme"), true)).await;
    let done = Arc::new(AtomicBool::new(false));
    let loads = Arc::new(AtomicUsize::new(0));
    let mut readers = JoinSet::new();
    for _ in 0..3 {
        let (fixture, done, loads) = (Arc::clone(&fixture), Arc::clone(&done), Arc::clone(&loads));
        readers.spawn(async move {
            let mut last = 0;
            while !done.load(Ordering::Acquire) {
                let slice = fixture.storage().load(&acme(), &stamped_reads(), at(0)).await.unwrap();
                assert_of_one_version(&slice);
                assert!(slice.version() >= last, "version {} was read after {last}", slice.version());
                last = slice.version();
                loads.fetch_add(1, Ordering::AcqRel);
                yield_now().await;
            }
        });
    }
    let mut commits = 0;
    while commits < COMMITS || loads.load(Ordering::Acquire) < LOADS {
        header = written(store, &stamped(&header, false)).await;
        commits += 1;
        yield_now().await;
        // Before the end a reader stops only if it found something.
        if let Some(reader) = readers.try_join_next() {
            super::joined(reader);
        }
    }
    done.store(true, Ordering::Release);
    while let Some(reader) = readers.join_next().await {
        super::joined(reader);
    }
}

pub(super) async fn load_closes(fixture: Subject) {
    let store = fixture.storage();
    for name in ["acme", "nowhere"] {
        for _ in 0..2 {
            let slice = store.load(&organization(name), &every_read(), at(5)).await.unwrap();
            let open = slice.open(&every_read());
            assert!(open.is_empty(), "expected: every key of {name} is answered; not answered: {open:?}");
            if name == "acme" && slice.version() == 0 {
                let eve = Member { email: Some(address("eve@work.example.com")), ..member("eve", 1) };
                created(store, &[ending(invitation(1, "bob@example.com"), 4)], &[eve]).await;
            }
        }
    }
}

pub(super) async fn load_closes_over_what_is_found(fixture: Subject) {
    let store = fixture.storage();
    let eve = Member { email: Some(address("eve@example.com")), ..member("eve", 1) };
    let grants = [Grant::role("member"), Grant::role("member").in_group(group("g"))].into();
    let to_eve = Invitation { grants, ..invitation(2, "Eve@Example.com") };
    created(store, &[invitation(1, "bob@example.com"), to_eve.clone()], &[member("ada", 0), eve.clone()])
        .await;
    let reads = Reads::new().invitation(invitation_id(1)).person(user("eve"));
    let slice = store.load(&acme(), &reads, at(5)).await.unwrap();
    assert_eq!(slice.invitation(invitation_id(1)).unwrap().map(|row| row.id), Some(invitation_id(1)));
    assert_eq!(
        slice.member(&user("ada")).unwrap(),
        Some(&member("ada", 0)),
        "an invitation brings its inviter"
    );
    let bob = address("bob@example.com").into();
    assert_eq!(slice.open_of(&bob).unwrap().count(), 1, "an invitation brings its invitee");
    assert_eq!(slice.member_of(&bob).unwrap(), None);
    let of_eve = slice.open_of(&address("EVE@example.com").into()).unwrap().collect::<Vec<_>>();
    assert_eq!(of_eve, [&to_eve], "a person brings what is addressed to the address they joined with, once");
    assert_eq!(slice.member_with(&address("eve@EXAMPLE.com")).unwrap(), Some(&eve));

    let slice = store.load(&acme(), &Reads::new().sent_by(user("ada")), at(5)).await.unwrap();
    let (sent, more) = slice.sent_by(&user("ada")).unwrap();
    assert_eq!((sent.count(), more), (2, false), "what ada sent");
    assert_eq!(slice.member_of(&to_eve.invitee).unwrap(), Some(&eve), "what was sent brings its invitees");
}

pub(super) async fn load_closes_with_when_it_was_mailed(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    let mailed = |n: u32, revision, seconds: Option<i64>| Delivery {
        revision,
        state: DeliveryState::Sent,
        mailed_at: seconds.map(at),
        ..delivery(n, &row)
    };
    commit.deliveries = vec![
        mailed(1, 0, Some(10)),
        mailed(2, 0, Some(30)),
        mailed(3, 0, Some(20)),
        mailed(4, 0, None),
        mailed(5, 1, Some(9)),
    ];
    let mut header = written(store, &commit).await;
    let reads = Reads::new().invitation(row.id);
    for (revision, expected) in [(0, Some(at(30))), (1, Some(at(9))), (2, None)] {
        if revision > 0 {
            let mut commit = on(&header);
            commit.invitations = vec![RowChange::Update(Invitation { revision, ..row.clone() })];
            header = written(store, &commit).await;
        }
        let slice = store.load(&acme(), &reads, at(50)).await.unwrap();
        let seen = slice.mailed_at(row.id).unwrap();
        assert_eq!(seen, expected, "when revision {revision} was mailed last");
    }
}

pub(super) async fn load_closes_or_says_that_there_is_more(fixture: Subject) {
    let store = fixture.storage();
    let rows = (0..=1_000).map(|n| invitation(n, &format!("{n}@example.com"))).collect::<Vec<_>>();
    let header = created(store, &rows, &[]).await;
    let reads = Reads::new().sent_by(user("ada"));
    let sent = async || {
        let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
        let (sent, more) = slice.sent_by(&user("ada")).unwrap();
        (sent.count(), more)
    };
    assert_eq!(sent().await, (Reads::MAX_SENT, true), "one more than can be loaded");
    let mut commit = on(&header);
    commit.invitations = vec![RowChange::Update(revoked(rows[3].clone(), 1))];
    commit.places = vec![RowChange::Delete(place_key(&rows[3]))];
    written(store, &commit).await;
    assert_eq!(sent().await, (Reads::MAX_SENT, false), "as many as can be loaded");
}

pub(super) async fn absent_is_said(fixture: Subject) {
    let store = fixture.storage();
    created(store, &[], &[]).await;
    for (id, version) in [(acme(), 1), (organization("nowhere"), 0)] {
        let slice = store.load(&id, &every_read(), at(5)).await.unwrap();
        assert_eq!((slice.version(), slice.organization().is_some()), (version, version > 0), "{id}");
        assert_eq!(slice.invitation(invitation_id(99)).unwrap(), None);
        assert_eq!(slice.mailed_at(invitation_id(99)).unwrap(), None);
        assert_eq!(slice.member(&user("eve")).unwrap(), None);
        assert_eq!(slice.member_with(&address("eve@example.com")).unwrap(), None);
        assert_eq!(slice.open_of(&user("bob").into()).unwrap().count(), 0);
        for kind in SuppressionKind::ALL {
            assert_eq!(slice.suppressed_since(&user("bob").into(), kind).unwrap(), None);
        }
        assert_eq!(slice.sent_by(&user("ada")).unwrap().0.count(), 0);
        assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), None);
        assert_eq!(slice.command(&command("k", "").key).unwrap(), None);
        assert!(slice.member(&user("not asked for")).is_err(), "what was not asked for is not absent");
    }
}

pub(super) async fn load_reads_own_writes(fixture: Subject) {
    reads_writes_of([fixture.storage(); 2]).await;
}

/// What one handle acknowledged, the other one sees.
pub(super) async fn load_reads_own_writes_of_another_handle(fixture: Subject) {
    let another = fixture.must_have_another().await;
    reads_writes_of([fixture.storage(), &*another]).await;
}

async fn reads_writes_of(handles: [&dyn Storage; 2]) {
    let mut header = header("acme");
    for n in 0..20 {
        let mut commit = on(&header);
        insert_invitations(&mut commit, &[invitation(n, &format!("{n}@example.com"))]);
        header = written(handles[n as usize % 2], &commit).await;
        for handle in handles {
            let reads = Reads::new().invitation(invitation_id(n));
            let slice = handle.load(&acme(), &reads, at(0)).await.unwrap();
            assert_eq!(slice.version(), header.version, "the version after commit {n}");
            assert!(slice.invitation(invitation_id(n)).unwrap().is_some(), "the row of commit {n}");
        }
    }
}

/// What is due: the numbers of the invitations in their order, and whether there are more.
async fn due(store: &dyn Storage, limit: u32, now: i64) -> (Vec<u32>, bool) {
    let mut reads = Reads::new();
    reads.due = limit;
    let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
    let (rows, more) = slice.due().unwrap();
    let number = |row: &Invitation| (0..99).find(|n| invitation_id(*n) == row.id).unwrap();
    (rows.map(number).collect(), more)
}

pub(super) async fn due_is_past_its_expiry(fixture: Subject) {
    let store = fixture.storage();
    let ends = |n: u32, end| ending(invitation(n, &format!("{n}@example.com")), end);
    let rows = [
        ends(1, 100),
        ends(2, 101),
        ends(3, 50),
        invitation(4, "never@example.com"),
        revoked(ends(5, 10), 9),
        ends(6, 60),
    ];
    let header = created(store, &rows, &[]).await;
    assert_eq!(due(store, 9, 49).await, (vec![], false), "one second before the first ends");
    assert_eq!(due(store, 9, 50).await, (vec![3], false), "at the very moment it is over");
    assert_eq!(due(store, 1, 100).await, (vec![3], true), "as many as asked for, the longest past first");
    assert_eq!(due(store, 2, 100).await, (vec![3, 6], true));
    assert_eq!(due(store, 3, 100).await, (vec![3, 6, 1], false), "all, and no sign of more");
    assert_eq!(due(store, 9, 5_000).await, (vec![3, 6, 1, 2], false));

    let mut commit = on(&header);
    commit.invitations = vec![
        RowChange::Update(Invitation { ended: Some((Ending::Expired, at(50))), ..rows[2].clone() }),
        RowChange::Update(ends(6, 300)),
    ];
    commit.places = vec![RowChange::Delete(place_key(&rows[2]))];
    let header = written(store, &commit).await;
    assert_eq!(due(store, 9, 100).await, (vec![1], false), "what ended or lives longer is not due");

    let mut commit = on(&header);
    commit.header.as_mut().unwrap().last_at = at(300);
    written(store, &commit).await;
    assert_eq!(due(store, 9, 0).await, (vec![1, 2, 6], false), "time does not go back behind the last event");
    agrees_with_the_core(store).await;
}

/// A store finds by conditions of its own what the rules of the core say of each row: the same, to the microsecond.
async fn agrees_with_the_core(store: &dyn Storage) {
    let end = at(50);
    let bob = Invitee::from(user("bob"));
    let until = || Grant::role("member").until(end);
    let invitations = [
        ending(invitation(1, "one@example.com"), 50),
        invitation_of(2, user("bob")),
        Invitation { starts_at: Some(end), ..invitation_of(3, address("bob@example.com")) },
        Invitation { grants: until().into(), ..invitation_of(4, address("bob@work.example")) },
    ];
    let invitees = [bob, address("bob@example.com").into(), address("bob@work.example").into()];
    let members = [member("ada", 0), Member { grants: until().into(), ..member("eve", 0) }];
    let requests = [request(1, "kim"), JoinRequest { expires_at: end, ..request(2, "joe") }];
    let mut commit = on(&header("edge"));
    insert_invitations(&mut commit, &invitations);
    insert_members(&mut commit, &members);
    insert_requests(&mut commit, &requests);
    let header = written(store, &commit).await;
    let mut reads = Reads::new();
    (reads.due, reads.due_requests) = (9, 9);
    for now in [-1, 0, 1].map(|micros| end + TimeDelta::microseconds(micros)) {
        let slice = store.load(&header.id, &reads, now).await.unwrap();
        let is_due = |expiry: Expiry| match header.due_invitations(now) {
            DueInvitations::ExpiredAt(at) => expiry.is_over(at),
            DueInvitations::All => true,
        };
        let found = slice.due().unwrap().0.map(|row| row.id).collect::<Vec<_>>();
        let expected = invitations.iter().filter(|row| is_due(row.expires_at)).map(|row| row.id);
        assert_eq!(found, expected.collect::<Vec<_>>(), "due at {now}");
        let found = slice.due_access().unwrap().map(|row| row.user.clone()).collect::<Vec<_>>();
        let is_over = |row: &&Member| row.ends_at().is_some_and(|end| end <= header.due_access(now));
        let expected = members.iter().filter(is_over).map(|row| row.user.clone());
        assert_eq!(found, expected.collect::<Vec<_>>(), "access that ended at {now}");
        let found = slice.due_requests().unwrap().0.map(|row| row.id).collect::<Vec<_>>();
        let expected = requests.iter().filter(|row| is_due(Expiry::At(row.expires_at))).map(|row| row.id);
        assert_eq!(found, expected.collect::<Vec<_>>(), "join requests that are due at {now}");
        for state in [InvitationState::Pending, InvitationState::Expired] {
            let filter = InvitationFilter { state: Some(state), ..InvitationFilter::default() };
            let found = store.invitations(&header.id, &filter, now, &all()).await.unwrap();
            let found = found.iter().map(|entry| entry.invitation.id).collect::<Vec<_>>();
            let expected =
                invitations.iter().rev().filter(|row| row.state_at(now) == state).map(|row| row.id);
            assert_eq!(found, expected.collect::<Vec<_>>(), "{state:?} at {now}");
        }
        for state in [RequestState::Pending, RequestState::Expired] {
            let filter = RequestFilter { state: Some(state), ..RequestFilter::default() };
            let found = store.requests(&header.id, &filter, now, &all()).await.unwrap();
            let found = found.iter().map(|row| row.id).collect::<Vec<_>>();
            let expected = requests.iter().rev().filter(|row| row.state_at(now) == state).map(|row| row.id);
            assert_eq!(found, expected.collect::<Vec<_>>(), "join requests {state:?} at {now}");
        }
        let inbox = store.inbox(&invitees, now, &all()).await.unwrap();
        let found = inbox.iter().map(|entry| entry.invitation.id).collect::<Vec<_>>();
        let waits = |row: &&Invitation| invitees.contains(&row.invitee) && row.waits_at(now);
        let expected = invitations.iter().rev().filter(waits).map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(found, expected, "what waits at {now}");
        assert_eq!(store.waiting(&invitees, now, 9).await.unwrap().len(), expected.len(), "counted at {now}");
    }
}

/// Who is due to lose access, in their order, and whether there are more.
async fn over(store: &dyn Storage, limit: u32, now: i64) -> (Vec<String>, bool) {
    let mut reads = Reads::new();
    reads.due = limit;
    let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
    let users = slice.due_access().unwrap().map(|row| row.user.to_string()).collect();
    (users, slice.due().unwrap().1)
}

pub(super) async fn due_is_past_its_expiry_or_access_that_ended(fixture: Subject) {
    let store = fixture.storage();
    let until = |end| Grant::role("member").until(at(end));
    let holds = |id: &str, grants: Grants| Member { grants, ..member(id, 0) };
    let some = [Grant::role("client"), until(60).in_group(group("red"))];
    let members = [
        holds("b", until(100).into()),
        holds("c", until(101).into()),
        Member { status: MemberStatus::Suspended, ..holds("a", until(50).into()) },
        holds("ever", Grant::role("member").into()),
        holds("d", some.into()),
    ];
    let header = created(store, &[ending(invitation(1, "1@example.com"), 70)], &members).await;
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(over(store, 9, 49).await, (vec![], false), "one second before the first ends");
    assert_eq!(
        over(store, 9, 50).await,
        (names(&["a"]), false),
        "at the very moment it is over, suspended or not"
    );
    assert_eq!(
        over(store, 1, 65).await,
        (names(&["a"]), true),
        "as many as asked for, the longest past first"
    );
    assert_eq!(
        over(store, 2, 100).await,
        (names(&["a", "d"]), true),
        "of several grants the first that ends"
    );
    assert_eq!(
        over(store, 3, 100).await,
        (names(&["a", "d", "b"]), false),
        "as many as there are, beside an invitation"
    );
    let mut commit = on(&header);
    commit.members = vec![
        RowChange::Update(holds("d", Grant::role("client").into())),
        RowChange::Update(holds("b", until(300).into())),
        RowChange::Delete(user("c")),
    ];
    let header = written(store, &commit).await;
    assert_eq!(
        over(store, 9, 200).await,
        (names(&["a"]), false),
        "what is held for longer or no more is not due"
    );
    let mut commit = on(&header);
    commit.header.as_mut().unwrap().last_at = at(300);
    written(store, &commit).await;
    assert_eq!(
        over(store, 9, 0).await,
        (names(&["a", "b"]), false),
        "time does not go back behind the last event"
    );
}

pub(super) async fn due_is_past_its_expiry_or_of_a_closed_organization(fixture: Subject) {
    let store = fixture.storage();
    let rows = [
        ending(invitation(1, "1@example.com"), 100),
        invitation(2, "2@example.com"),
        revoked(invitation(3, "3@example.com"), 9),
    ];
    let header = created(store, &rows, &[]).await;
    assert_eq!(due(store, 9, 0).await, (vec![], false));
    for (status, expected) in
        [(OrganizationStatus::Suspended, vec![]), (OrganizationStatus::Closed, vec![1, 2])]
    {
        let mut commit = on(&current(store, &header.id).await);
        commit.header.as_mut().unwrap().status = status;
        written(store, &commit).await;
        let (mut all, more) = due(store, 9, 0).await;
        all.sort_unstable();
        assert_eq!((all, more), (expected, false), "{status:?}");
    }
    assert!(due(store, 1, 0).await.1, "expected: a sign that there is more than one");
}

pub(super) async fn tenants_are_apart(fixture: Subject) {
    let store = fixture.storage();
    let bob = Member { email: Some(address("bob@example.com")), ..member("bob", 1) };
    let mut commit = on(&header("acme"));
    let row = ending(invitation(1, "bob@example.com"), 2);
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    insert_members(&mut commit, &[member("ada", 0), bob]);
    commit.limits = vec![(LimitSubject::Organization, at(1)), (LimitSubject::Inviter(user("ada")), at(1))];
    commit.commands = vec![command("k", "outcome of acme")];
    commit.suppressions = vec![RowChange::Insert(suppression("bob@example.com", SuppressionKind::Mail))];
    commit.deliveries = vec![Delivery { mailed_at: Some(at(1)), ..delivery(1, &row) }];
    written(store, &commit).await;
    // Ids that a lax comparison takes for the same one.
    for name in ["globex", "ACME", "acme ", "acm", "acme2", "%", "acm_", "ａcme"] {
        let id = organization(name);
        let empty = on(&header(name));
        written(store, &empty).await;
        let slice = store.load(&id, &every_read(), at(1_000)).await.unwrap();
        assert_eq!(slice.organization(), empty.header.as_ref(), "{name:?}");
        assert_eq!(slice.invitation(invitation_id(1)).unwrap(), None, "an invitation of acme in {name:?}");
        assert_eq!(slice.mailed_at(invitation_id(1)).unwrap(), None, "a delivery of acme in {name:?}");
        assert_eq!(slice.member(&user("ada")).unwrap(), None, "a member of acme in {name:?}");
        let bob = address("bob@example.com").into();
        assert_eq!(slice.member_of(&bob).unwrap(), None, "a member of acme by address in {name:?}");
        assert_eq!(slice.open_of(&bob).unwrap().count(), 0, "an open invitation of acme in {name:?}");
        let mail = slice.suppressed_since(&bob, SuppressionKind::Mail).unwrap();
        assert_eq!(mail, None, "a suppression of acme in {name:?}");
        assert_eq!(slice.sent_by(&user("ada")).unwrap().0.count(), 0, "what was sent in acme in {name:?}");
        for subject in [LimitSubject::Organization, LimitSubject::Inviter(user("ada"))] {
            assert_eq!(slice.limit(&subject).unwrap(), None, "a limit of acme in {name:?}");
        }
        assert_eq!(slice.command(&command("k", "").key).unwrap(), None, "a command of acme in {name:?}");
        assert_eq!(slice.due().unwrap().0.count(), 0, "what is due in acme in {name:?}");
        assert_eq!(store.events(&id, 0, 10).await.unwrap().len(), 1, "the events of {name:?}");
        assert!(!store.find_commit(&id, commit.id).await.unwrap(), "a commit of acme in {name:?}");
        assert!(store.members(&id, &Default::default(), &all()).await.unwrap().is_empty(), "{name:?}");
        assert!(store.roster(&id, at(0), &all()).await.unwrap().is_empty(), "{name:?}");
        let listed = store.invitations(&id, &Default::default(), at(0), &all()).await.unwrap();
        assert!(listed.is_empty(), "invitations of acme in {name:?}");
    }
}

/// The same keys serve several organizations, each with rows of its own.
pub(super) async fn tenants_are_apart_under_the_same_keys(fixture: Subject) {
    let store = fixture.storage();
    let names = ["acme", "globex"];
    let row = |n: usize| Invitation { name: Some(names[n].into()), ..invitation(1, "bob@example.com") };
    let ada = |n: usize| Member { metadata: [("of".into(), names[n].into())].into(), ..member("ada", 0) };
    let mut headers = Vec::new();
    for (n, name) in names.iter().enumerate() {
        let mut commit = on(&header(name));
        insert_invitations(&mut commit, &[row(n)]);
        insert_members(&mut commit, &[ada(n)]);
        commit.limits = vec![(LimitSubject::Organization, at(i64::try_from(n).unwrap()))];
        commit.commands = vec![command("k", name)];
        commit.deliveries = vec![Delivery {
            organization: organization(name),
            due_at: at(10 + i64::try_from(n).unwrap()),
            ..delivery(1, &row(n))
        }];
        headers.push(written(store, &commit).await);
    }
    for (n, name) in names.iter().enumerate() {
        let slice = store.load(&organization(name), &every_read(), at(0)).await.unwrap();
        assert_eq!(slice.invitation(invitation_id(1)).unwrap(), Some(&row(n)), "{name}");
        assert_eq!(slice.member(&user("ada")).unwrap(), Some(&ada(n)), "{name}");
        assert_eq!(slice.limit(&LimitSubject::Organization).unwrap(), Some(at(i64::try_from(n).unwrap())));
        assert_eq!(slice.command(&command("k", "").key).unwrap(), Some(&command("k", name)), "{name}");
    }
    // What changes in one stays in the other.
    let mut commit = on(&headers[0]);
    commit.members = vec![RowChange::Delete(user("ada"))];
    commit.invitations = vec![RowChange::Delete(invitation_id(1))];
    commit.places = vec![RowChange::Delete(place_key(&row(0)))];
    written(store, &commit).await;
    let slice = store.load(&organization("globex"), &every_read(), at(0)).await.unwrap();
    assert_eq!(slice.invitation(invitation_id(1)).unwrap(), Some(&row(1)));
    assert_eq!(slice.member(&user("ada")).unwrap(), Some(&ada(1)));
    let taken = store.lease(at(20), at(30), 9).await.unwrap().leased;
    let of = taken.iter().map(|leased| leased.organization.id.as_str()).collect::<Vec<_>>();
    assert_eq!(of, ["globex"], "the invitation of acme is gone, and its delivery with it");
}
