//! Cases of the promises on what both halves do, and on what they refuse.

use invite_core::*;
use invite_storage::CommitError;
use tokio::task::block_in_place as blocking;

use super::Subject;
use crate::storage::keys::{against_keys, contradictions, held};
use crate::storage::rows::*;
use crate::storage::seen::Seen;

fn broad() -> Reads {
    let mut reads = Reads::new()
        .invitation(invitation_id(1))
        .invitation(invitation_id(99))
        .invitee(address("bob@example.com").into())
        .person(user("ada"))
        .sent_by(user("ada"))
        .limits_of(&Actor::User(user("ada")))
        .due();
    reads.commands.insert(command("k", "").key);
    reads
}

/// A load shows what that of the store shows, of what is there and of what is not.
pub(super) async fn it_is_as_load_and_commit_are(fixture: Subject) {
    let store = fixture.storage();
    let (row, header) = held(store).await;
    let mut commit = on(&header);
    commit.invitations = vec![RowChange::Update(ending(row, 4))];
    commit.limits = vec![(LimitSubject::Organization, at(3))];
    commit.commands = vec![command("k", "[]")];
    written(store, &commit).await;
    for id in [acme(), organization("nowhere")] {
        let expected = Seen::of(&store.load(&id, &broad(), at(5)).await.unwrap(), &broad()).unwrap();
        let slice = blocking(|| fixture.begin().load(&id, &broad(), at(5)));
        let open = slice.open(&broad());
        assert!(open.is_empty(), "expected: every key of {id} is answered; not answered: {open:?}");
        assert_eq!(Seen::of(&slice, &broad()).unwrap().difference(&expected), None, "{id}");
    }
}

/// The kind of answer to a commit.
fn kind(answer: &Result<(), CommitError>) -> &'static str {
    match answer {
        Ok(()) => "written",
        Err(CommitError::Conflict) => "a conflict",
        Err(CommitError::Storage(_)) => "a storage error",
    }
}

/// Every commit that a store refuses, with the kind of its answer.
fn refused(header: &Organization, row: &Invitation) -> Vec<(&'static str, &'static str, Commit)> {
    let at_version = |version| on(&Organization { version, ..header.clone() });
    let mut full = on(header);
    insert_members(&mut full, &[member("eve", 1)]);
    full.deliveries = vec![delivery(1, row)];
    let conflicts = [
        ("an earlier version", at_version(header.version - 1)),
        ("a later version", at_version(header.version + 1)),
        ("a commit whose last row is there", full),
    ];
    let conflicts = conflicts.into_iter().chain(against_keys(header, row));
    let conflicts = conflicts.map(|(what, commit)| (what, "a conflict", commit));
    let errors =
        contradictions(header, row).into_iter().map(|(what, commit)| (what, "a storage error", commit));
    conflicts.chain(errors).collect()
}

/// A write refuses what a commit of the store refuses, with the same kind of answer.
pub(super) async fn it_is_as_load_and_commit_are_in_what_is_refused(fixture: Subject) {
    let store = fixture.storage();
    let (row, header) = held(store).await;
    let before = everything(store).await;
    for (what, expected, commit) in refused(&header, &row) {
        assert_eq!(kind(&store.commit(&commit).await), expected, "{what}, committed");
        let answer = blocking(|| {
            let mut open = fixture.begin();
            open.load(&acme(), &Reads::new(), at(0));
            let answer = open.try_write(&commit);
            open.commit();
            answer
        });
        assert_eq!(kind(&answer), expected, "{what}, written into a transaction");
        assert!(everything(store).await == before, "{what}\n  expected: nothing changed; seen: other rows");
    }
}

/// A refused write is no reason to give up what the host wrote: the transaction goes on as if nothing had been tried.
pub(super) async fn a_failed_write_leaves_nothing(fixture: Subject) {
    let store = fixture.storage();
    let (row, header) = held(store).await;
    let reads = broad().member(user("eve"));
    let mut commit = on(&header);
    insert_members(&mut commit, &[member("eve", 1)]);
    blocking(|| {
        let mut open = fixture.begin();
        let before = Seen::of(&open.load(&acme(), &reads, at(5)), &reads).unwrap();
        open.write_row();
        for (what, _, refused) in refused(&header, &row) {
            assert!(open.try_write(&refused).is_err(), "{what}");
            let after = Seen::of(&open.load(&acme(), &reads, at(5)), &reads).unwrap();
            assert_eq!(after.difference(&before), None, "what the transaction sees after {what}");
        }
        open.write(&commit);
        assert!(is_conflict(&open.try_write(&commit)), "the same commit twice");
        open.commit();
        assert_eq!(fixture.rows(), 1, "the row of the host, which was written before");
    });
    assert_eq!(current(store, &acme()).await, commit.header.unwrap());
    assert_eq!(store.events(&acme(), 0, 9).await.unwrap().len(), 2, "events of what was written");
}

/// What is written outside of any transaction would be true at once, whatever the host does then.
pub(super) async fn without_a_transaction_nothing_happens(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    blocking(|| {
        let mut open = fixture.begin();
        open.load(&acme(), &Reads::new(), at(0));
        open.write(&on(&header));
        let is_broken_off = open.break_off();
        assert!(
            is_broken_off,
            "the fixture cannot break a transaction off: leave this case out, with the reason"
        );
        let loaded = open.transaction().load(&acme(), &Reads::new(), at(0)).map(drop);
        assert_eq!(kind(&loaded), "a storage error", "a load without a transaction");
        let written = open.try_write(&on(&header));
        assert_eq!(kind(&written), "a storage error", "a write without a transaction");
    });
    assert_eq!(current(store, &acme()).await, header, "what others see");
}
