//! Cases of the promises on whose the transaction is, and what it sees.

use std::pin::pin;
use std::time::Duration;

use invite_core::*;
use tokio::task::block_in_place as blocking;
use tokio::time::timeout;

use super::Subject;
use crate::storage::rows::*;

/// For so long is looked whether something goes on that must not.
const GLANCE: Duration = Duration::from_millis(40);

/// Longer than anything takes that waits for nobody.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the host writes and what invite writes become true together, or not at all.
pub(super) async fn the_host_owns(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    let row = invitation(1, "bob@example.com");
    let mut commit = on(&header);
    insert_invitations(&mut commit, std::slice::from_ref(&row));
    insert_members(&mut commit, &[member("ada", 1)]);
    commit.deliveries = vec![delivery(1, &row)];
    let before = everything(store).await;
    for is_kept in [false, true] {
        let mut open = blocking(|| fixture.begin());
        blocking(|| {
            open.write_row();
            open.load(&acme(), &Reads::new(), at(0));
            open.write(&commit);
            assert_eq!(fixture.rows(), 0, "rows of the host that others see while the transaction is open");
        });
        assert!(
            everything(store).await == before,
            "expected: nobody else sees what is written; seen: it is seen"
        );
        assert!(!store.find_commit(&acme(), commit.id).await.unwrap(), "a commit is found before it is true");
        blocking(|| if is_kept { open.commit() } else { drop(open) });
        let is_there = store.find_commit(&acme(), commit.id).await.unwrap();
        assert_eq!(is_there, is_kept, "whether the commit is found");
        assert_eq!(blocking(|| fixture.rows()), usize::from(is_kept), "rows of the host");
        assert_eq!(everything(store).await != before, is_kept, "whether anything changed");
    }
    assert_eq!(current(store, &acme()).await, commit.header.unwrap());
    let due = store.lease(at(9), at(20), 9).await.unwrap().leased;
    assert_eq!(due.len(), 1, "deliveries that are due once the host has committed");
}

/// From the load on nobody else writes, and so what is decided on it cannot conflict.
pub(super) async fn it_locks_before_reading(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    let mut open = blocking(|| fixture.begin());
    let slice = blocking(|| open.load(&acme(), &Reads::new(), at(0)));
    let other = on(&header);
    let mut outside = pin!(store.commit(&other));
    let early = timeout(GLANCE, &mut outside).await;
    assert!(
        !matches!(early, Ok(Ok(()))),
        "expected: nobody else writes once the transaction has loaded; seen: a commit was written"
    );
    blocking(|| {
        open.write(&on(slice.organization().unwrap()));
        open.commit();
    });
    let answer = match early {
        Ok(answer) => answer,
        Err(_) => timeout(PATIENCE, outside).await.expect("the commit ended"),
    };
    assert!(answer.is_err(), "expected: the commit of somebody else comes too late; seen: it was written");
    assert_eq!(current(store, &acme()).await.version, 2);
}

/// What it has not read before, it reads as it is when it loads.
pub(super) async fn it_locks_before_reading_what_was_written_since_it_began(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    let mut open = blocking(|| fixture.begin());
    written(store, &on(&header)).await;
    blocking(|| {
        let slice = open.load(&acme(), &Reads::new(), at(0));
        assert_eq!(slice.version(), 2, "the version, which somebody wrote after the transaction had begun");
        open.write(&on(slice.organization().unwrap()));
        open.commit();
    });
    assert_eq!(current(store, &acme()).await.version, 3);
}

/// Commands can follow one another, each decided on what those before it wrote.
pub(super) async fn it_reads_its_own_writes(fixture: Subject) {
    let store = fixture.storage();
    let row = invitation(1, "bob@example.com");
    let reads = Reads::new().invitee(row.invitee.clone()).member(user("ada"));
    blocking(|| {
        let mut open = fixture.begin();
        assert_eq!(open.load(&acme(), &reads, at(0)).version(), 0, "an organization that does not exist");
        let mut commit = on(&header("acme"));
        insert_invitations(&mut commit, std::slice::from_ref(&row));
        open.write(&commit);
        let slice = open.load(&acme(), &reads, at(0));
        assert_eq!(slice.open_of(&row.invitee).unwrap().count(), 1, "open invitations that it wrote");
        let mut commit = on(slice.organization().unwrap());
        commit.invitations = vec![RowChange::Update(revoked(row.clone(), 1))];
        commit.places = vec![RowChange::Delete(place_key(&row))];
        insert_members(&mut commit, &[member("ada", 1)]);
        open.write(&commit);
        let slice = open.load(&acme(), &reads, at(0));
        assert_eq!((slice.version(), slice.open_of(&row.invitee).unwrap().count()), (2, 0));
        assert_eq!(slice.member(&user("ada")).unwrap(), Some(&member("ada", 1)), "a member that it wrote");
        open.commit();
    });
    assert_eq!(current(store, &acme()).await.version, 2);
    assert_eq!(store.members(&acme(), &Default::default(), &all()).await.unwrap().len(), 1);
}

/// LIF-12: the record of a command is true when the host commits, and a repeat finds it then.
pub(super) async fn it_is_as_load_and_commit_are_for_records_of_commands(fixture: Subject) {
    let store = fixture.storage();
    let header = created(store, &[], &[]).await;
    let mut reads = Reads::new();
    reads.commands.insert(command("k", "").key);
    let mut commit = on(&header);
    commit.commands = vec![command("k", "[1]")];
    for is_kept in [false, true] {
        blocking(|| {
            let mut open = fixture.begin();
            assert_eq!(open.load(&acme(), &reads, at(0)).command(&command("k", "").key).unwrap(), None);
            open.write(&commit);
            let slice = open.load(&acme(), &reads, at(0));
            let kept = slice.command(&command("k", "").key).unwrap();
            assert_eq!(kept, commit.commands.first(), "the record of a command, within the transaction");
            if is_kept {
                open.commit();
            }
        });
        let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
        let kept = slice.command(&command("k", "").key).unwrap();
        assert_eq!(kept, commit.commands.first().filter(|_| is_kept), "the record of a command afterwards");
    }
}
