//! Cases of the sentences on errors and on records of commands.

use invite_core::*;
use invite_storage::{CommitError, Storage, StorageError};

use super::rows::*;
use super::{Row, Subject};

/// STO-3
pub(super) async fn errors_fail_closed(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    insert_members(&mut commit, &[member("ada", 0)]);
    commit.deliveries = vec![delivery(1, &row)];
    let header = written(store, &commit).await;
    let mut unit = store.exclusive(&acme()).await.unwrap();
    unit.load(&Reads::new(), at(0)).await.unwrap();
    drop(unit);
    assert_eq!(current(store, &acme()).await, header, "a store that nothing was taken from answers");
    fixture.must_cut().await;
    let reads = Reads::new().member(user("ada")).member(user("nobody"));
    let bob = [row.invitee.clone()];
    let errors = [
        ("load", store.load(&acme(), &reads, at(0)).await.is_err()),
        ("load of what does not exist", store.load(&organization("nowhere"), &reads, at(0)).await.is_err()),
        ("commit", matches!(store.commit(&on(&header)).await, Err(CommitError::Storage(_)))),
        ("find_commit", store.find_commit(&acme(), commit.id).await.is_err()),
        (
            "exclusive",
            match store.exclusive(&acme()).await {
                Ok(mut unit) => unit.load(&reads, at(0)).await.is_err(),
                Err(_) => true,
            },
        ),
        ("forget_commands", store.forget_commands(at(0), 9).await.is_err()),
        ("roster", store.roster(&acme(), at(0), &all()).await.is_err()),
        ("invitations", store.invitations(&acme(), &Default::default(), at(0), &all()).await.is_err()),
        ("members", store.members(&acme(), &Default::default(), &all()).await.is_err()),
        ("inbox", store.inbox(&bob, at(0), &all()).await.is_err()),
        ("waiting", store.waiting(&bob, at(0), 9).await.is_err()),
        ("requests", store.requests(&acme(), &Default::default(), at(0), &all()).await.is_err()),
        ("requests_by", store.requests_by(&user("ada"), &all()).await.is_err()),
        ("memberships", store.memberships(&user("ada"), &all()).await.is_err()),
        ("former_memberships", store.former_memberships(&user("ada"), 9).await.is_err()),
        (
            "circles",
            store.circles(&[Circle::Members { organization: acme(), until: None }], 9).await.is_err(),
        ),
        ("suppressions", store.suppressions(&bob, 9).await.is_err()),
        ("block_everywhere", store.block_everywhere(&bob, Some(at(0))).await.is_err()),
        ("events", store.events(&acme(), 0, 9).await.is_err()),
        ("lease", store.lease(at(9), at(10), 9).await.is_err()),
        ("due", store.due().await.is_err()),
    ];
    let answered = errors.into_iter().filter(|(_, is_error)| !is_error).map(|(what, _)| what);
    assert_eq!(
        answered.collect::<Vec<_>>(),
        [""; 0],
        "calls of a store that cannot answer, without an error"
    );
}

/// A part of the truth is not the truth.
pub(super) async fn errors_fail_closed_where_there_is_too_much(fixture: Subject) {
    let store = fixture.storage();
    let in_group = |n: u32| {
        let id = group(&format!("g{n}"));
        let row = Invitation {
            grants: Grant::role("member").in_group(id.clone()).into(),
            ..invitation(n, "bob@example.com")
        };
        (Place { scope: Scope::Group(id), ..place(&row) }, row)
    };
    let most = u32::try_from(Reads::MAX_OPEN).unwrap();
    let mut commit = on(&header("acme"));
    for n in 0..most {
        let (place, row) = in_group(n);
        commit.invitations.push(RowChange::Insert(row));
        commit.places.push(RowChange::Insert(place));
    }
    let header = written(store, &commit).await;
    let bob = Invitee::from(address("bob@example.com"));
    let reads = Reads::new().invitee(bob.clone());
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.open_of(&bob).unwrap().count(), Reads::MAX_OPEN, "as many as there may be");
    let mut commit = on(&header);
    let (place, row) = in_group(most);
    commit.invitations.push(RowChange::Insert(row));
    commit.places.push(RowChange::Insert(place));
    written(store, &commit).await;
    let answer = store.load(&acme(), &reads, at(0)).await;
    let seen = answer.map(|slice| slice.open_of(&bob).unwrap().count());
    assert!(
        seen.is_err(),
        "more open invitations than there may be\n  expected: an error\n      seen: {seen:?}"
    );
}

/// A list with a row that cannot be read is told as corrupt: nobody takes what is left of it for the whole. Nothing else
/// is lost with the row.
pub(super) async fn errors_fail_closed_where_a_row_cannot_be_read(fixture: Subject) {
    let store = fixture.storage();
    let globex = organization("globex");
    for (n, name) in (1..).zip(["acme", "globex"]) {
        let mut commit = on(&header(name));
        insert_invitations(
            &mut commit,
            &[invitation(n, "bob@example.com"), invitation(n + 2, "eve@example.com")],
        );
        insert_members(&mut commit, &[member("ada", 0), member("eve", 1)]);
        written(store, &commit).await;
    }
    let (bob, everybody) = ([Invitee::from(address("bob@example.com"))], Default::default());
    let of_bob = Reads::new().invitation(invitation_id(1));
    let of_ada = Reads::new().member(user("ada"));
    fixture.must_damage(&acme(), Row::Invitation(invitation_id(1))).await;
    is_corrupt("load of the invitation", store.load(&acme(), &of_bob, at(5)).await);
    is_corrupt("the roster", store.roster(&acme(), at(5), &all()).await);
    is_corrupt("the invitations", store.invitations(&acme(), &Default::default(), at(5), &all()).await);
    let of_acme = is_corrupt("the inbox", store.inbox(&bob, at(5), &all()).await);
    assert!(of_acme, "expected: the cause names the organization of the row; seen: it does not");
    assert!(store.load(&acme(), &of_ada, at(5)).await.is_ok(), "another row of the organization");
    assert_eq!(store.members(&acme(), &everybody, &all()).await.unwrap().len(), 2, "another list");

    fixture.must_damage(&acme(), Row::Member(user("ada"))).await;
    is_corrupt("load of the member", store.load(&acme(), &of_ada, at(5)).await);
    is_corrupt("the members", store.members(&acme(), &everybody, &all()).await);
    let of_acme = is_corrupt("the memberships", store.memberships(&user("ada"), &all()).await);
    assert!(of_acme, "expected: the cause names the organization of the row; seen: it does not");
    assert_eq!(store.memberships(&user("eve"), &all()).await.unwrap().len(), 2, "those of another user");
    assert_eq!(store.inbox(&[address("eve@example.com").into()], at(5), &all()).await.unwrap().len(), 2);
    assert_eq!(store.roster(&globex, at(5), &all()).await.unwrap().len(), 4, "another organization");
}

/// Requires an error that is corrupt; says whether a cause of it names `acme`.
pub(super) fn is_corrupt<T>(what: &str, answer: Result<T, StorageError>) -> bool {
    let Err(error) = answer else {
        panic!("{what}, with a row that cannot be read\n  expected: an error\n      seen: an answer")
    };
    assert!(error.is_corrupt(), "{what}\n  expected: the error is corrupt\n      seen: {error:?}");
    let causes = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    causes.into_iter().any(|cause| cause.to_string().contains("acme"))
}

/// MAI-5: of several deliveries that are due, one that cannot be read is told, and the others are leased.
pub(super) async fn errors_fail_closed_and_take_no_other_delivery_along(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let mut commit = on(&header("acme"));
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    commit.deliveries = (1..=3).map(|n| delivery(n, &row)).collect();
    written(store, &commit).await;
    fixture.must_damage(&acme(), Row::Delivery(delivery_id(2))).await;
    let readable = [1, 3].map(delivery_id);
    for (number, now) in [(1, 10), (2, 20)] {
        let leases = store.lease(at(now), at(now + 10), 9).await.unwrap();
        let leased = leases.leased.iter().map(|leased| leased.delivery.id).collect::<Vec<_>>();
        assert_eq!(leased, readable, "those that can be read are leased, time {number}");
        let is_told = matches!(&leases.unreadable[..], [error] if error.is_corrupt());
        assert!(
            is_told,
            "expected: the one that cannot be read is told as corrupt, time {number}\n      seen: {:?}",
            leases.unreadable
        );
        let again = store.lease(at(now + 9), at(now + 10), 9).await.unwrap();
        let taken = (again.leased.len(), again.unreadable.len());
        assert_eq!(
            taken,
            (0, 0),
            "all are leased until their time is over, and the one that cannot be read too"
        );
    }
}

/// STO-4: after a reply that was lost, the answer is "unknown", and `find_commit` knows.
pub(super) async fn unknown_is_said(fixture: Subject) {
    let store = fixture.storage();
    let mut header = created(store, &[], &[]).await;
    for n in 0..4 {
        header = written(store, &on(&header)).await;
        let mut commit = on(&header);
        insert_members(&mut commit, &[member(&format!("user-{n}"), n)]);
        fixture.must_lose_reply().await;
        let answer = if n % 2 == 0 {
            store.commit(&commit).await
        } else {
            let mut unit = store.exclusive(&acme()).await.unwrap();
            unit.write(&commit).await.unwrap();
            unit.commit().await.map_err(CommitError::from)
        };
        let is_unknown = matches!(&answer, Err(CommitError::Storage(error)) if error.is_outcome_unknown());
        assert!(is_unknown, "a reply that was lost\n  expected: an unknown outcome\n      seen: {answer:?}");
        let found = store.find_commit(&acme(), commit.id).await.unwrap();
        let reads = Reads::new().member(user(&format!("user-{n}")));
        let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
        let written = slice.member(&user(&format!("user-{n}"))).unwrap().is_some();
        assert_eq!(found, written, "find_commit, and whether the commit's member is there");
        // Sent once more, it is written once in any case.
        let again = store.commit(&commit).await;
        assert!(is_conflict(&again) == found, "sent again; it was found: {found}; seen: {again:?}");
        header = current(store, &acme()).await;
        assert_eq!(header.version, commit.version + 1, "one commit, one version");
    }
}

/// The repeat of a command gets its first outcome.
pub(super) async fn commands_are_kept(fixture: Subject) {
    let store = fixture.storage();
    let key = |actor: Actor, operation: &str, key: &str| CommandKey {
        actor,
        operation: operation.into(),
        key: key.into(),
    };
    let ada = || Actor::User(user("ada"));
    let keys = [
        key(ada(), "invite", "k"),
        key(ada(), "invite", "K"),
        key(ada(), "revoke", "k"),
        key(Actor::System, "invite", "k"),
        key(Actor::User(user("system")), "invite", "k"),
        key(ada(), "invite", &"k".repeat(255)),
    ];
    let record = |n: usize| CommandRecord {
        key: keys[n].clone(),
        fingerprint: [u8::try_from(n).unwrap(); 32],
        outcome: format!("[{n}]"),
        expires_at: at(100 + i64::try_from(n).unwrap()),
    };
    let mut commit = on(&header("acme"));
    commit.commands = (0..keys.len()).map(record).collect();
    written(store, &commit).await;
    let mut reads = Reads::new();
    reads.commands.extend(keys.iter().cloned());
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(slice.command(key).unwrap(), Some(&record(n)), "the record of a command");
    }
    let mut refused = on(&header("acme"));
    refused.commands = vec![CommandRecord { outcome: "other".into(), ..record(0) }];
    assert!(is_conflict(&store.commit(&refused).await));
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.command(&keys[0]).unwrap(), Some(&record(0)), "after a commit that was refused");
}

async fn kept(store: &dyn Storage, id: &str, keys: &[&str]) -> Vec<bool> {
    let mut reads = Reads::new();
    reads.commands.extend(keys.iter().map(|key| command(key, "").key));
    let slice = store.load(&organization(id), &reads, at(0)).await.unwrap();
    keys.iter().map(|key| slice.command(&command(key, "").key).unwrap().is_some()).collect()
}

pub(super) async fn commands_are_kept_until_their_time(fixture: Subject) {
    let store = fixture.storage();
    let keys = ["a", "b", "c", "kept"];
    for name in ["acme", "globex"] {
        let mut commit = on(&header(name));
        let ends = |key: &&str| if *key == "kept" { 101 } else { 100 };
        commit.commands = keys
            .iter()
            .map(|key| CommandRecord { expires_at: at(ends(key)), ..command(key, "[]") })
            .collect();
        written(store, &commit).await;
    }
    assert_eq!(store.forget_commands(at(99), 9).await.unwrap(), 0, "before their time");
    assert_eq!(kept(store, "acme", &keys).await, [true; 4]);
    assert_eq!(store.forget_commands(at(100), 0).await.unwrap(), 0, "no more than asked for");
    assert_eq!(store.forget_commands(at(100), 4).await.unwrap(), 4, "at the very moment they are over");
    assert_eq!(store.forget_commands(at(100), 4).await.unwrap(), 2, "in any organization");
    assert_eq!(store.forget_commands(at(100), 4).await.unwrap(), 0, "none is left");
    for name in ["acme", "globex"] {
        assert_eq!(kept(store, name, &keys).await, [false, false, false, true], "{name}");
        assert_eq!(current(store, &organization(name)).await.version, 1, "{name}");
    }
}
