//! What goes wrong in a commit, told in the same way by every driver.

use invite_conformance::storage::rows::*;
use invite_core::{Organization, Reads};
use invite_postgres_testing::{Bouncer, Cut, Database, Proxy, Server};
use invite_storage::{CommitError, Storage};

use crate::server;

/// When the trigger tells it: with the row, or when the transaction commits.
const TRIGGERS: [&str; 2] = [
    "create trigger failing before insert on invite.members",
    "create constraint trigger failing after insert on invite.members deferrable initially deferred",
];

/// A database whose default is the highest level, on which whoever becomes a member fails.
async fn failing(trigger: &str, code: &str) -> Database {
    let database = server::database().await;
    let name = database.name();
    let failing = format!(
        "alter database {name} set default_transaction_isolation = 'serializable';
        create function failing() returns trigger language plpgsql as
        $$ begin raise exception 'provoked' using errcode = '{code}'; end $$;
        {trigger} for each row execute function failing()"
    );
    database.connect().await.unwrap().batch_execute(&failing).await.unwrap();
    database
}

fn joining(header: &Organization) -> invite_core::Commit {
    let mut commit = on(header);
    insert_members(&mut commit, &[member("eve", 0)]);
    commit
}

/// STO-5: serialization failures and deadlocks, wherever in a commit the server tells them, are conflicts.
///
/// A commit is read committed, at which Postgres tells none by itself but deadlocks; other engines do. Triggers tell them here.
#[tokio::test]
async fn a_failure_to_serialize_is_a_conflict_at_a_statement_and_at_the_commit() {
    for (trigger, code) in TRIGGERS.into_iter().flat_map(|trigger| [(trigger, "40001"), (trigger, "40P01")]) {
        let database = failing(trigger, code).await;
        let store = server::store(&database);
        let header = created(&store, &[], &[]).await;
        let commit = joining(&header);
        for _ in 0..3 {
            let answer = store.commit(&commit).await;
            assert!(matches!(answer, Err(CommitError::Conflict)), "{trigger}, {code}: {answer:?}");
            assert_eq!(current(&store, &acme()).await, header, "nothing of it was written");
        }
        database.connect().await.unwrap().batch_execute("drop function failing() cascade").await.unwrap();
        written(&store, &commit).await;
        let slice = store.load(&acme(), &Reads::new().member(user("eve")), at(0)).await.unwrap();
        assert!(slice.member(&user("eve")).unwrap().is_some());
    }
}

/// Under a lock a statement that fails so is a conflict. A commit that does is told as unavailable: it is not written, and
/// whoever holds a unit can only begin again.
#[tokio::test]
async fn a_unit_that_cannot_be_serialized_is_rolled_back() {
    for (trigger, at_commit) in TRIGGERS.into_iter().zip([false, true]) {
        let database = failing(trigger, "40001").await;
        let store = server::store(&database);
        let header = created(&store, &[], &[]).await;
        let mut unit = store.exclusive(&acme()).await.unwrap();
        match unit.write(&joining(&header)).await {
            Ok(()) => {
                assert!(at_commit, "{trigger}");
                let error = unit.commit().await.unwrap_err();
                assert!(error.is_unavailable() && !error.is_outcome_unknown(), "{error:?}");
            }
            Err(error) => {
                assert!(!at_commit && matches!(error, CommitError::Conflict), "{trigger}: {error:?}");
                drop(unit);
            }
        }
        assert_eq!(current(&store, &acme()).await, header);
        written(&store, &on(&header)).await;
    }
}

/// STO-4: PgBouncer lives on when its connection to the server is cut, and tells its client that it is gone. A commit under way
/// is unknown, and its id says what became of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_cut_behind_a_pooler_is_found_by_its_id() {
    let database = server::database().await;
    let near = server::store(&database);
    let proxy = Proxy::before(database.url()).await.unwrap();
    let bouncer = Bouncer::before(&Server::given(proxy.url()), 2).unwrap();
    let afar = server::pooled(&bouncer.url(&database));
    let mut header = created(&near, &[], &[]).await;
    let (mut lost, mut lost_but_written) = (0, 0);
    for step in 0..16 {
        header = warm(&afar, header).await;
        let mut commit = on(&header);
        insert_members(&mut commit, &[member(&format!("u{step}"), 0)]);
        proxy.arm(if step % 4 == 0 { server::reply_to_commit() } else { Cut::after_bytes(step * 40) });
        let answer = afar.commit(&commit).await;
        proxy.arm(Cut::after_bytes(usize::MAX));
        let is_there = near.find_commit(&acme(), commit.id).await.unwrap();
        match answer {
            Ok(()) => assert!(is_there),
            Err(CommitError::Storage(error)) if error.is_outcome_unknown() => {
                lost += 1;
                lost_but_written += usize::from(is_there);
            }
            Err(CommitError::Storage(error)) if error.is_unavailable() => assert!(!is_there, "{error:?}"),
            Err(error) => panic!("at {step}: {error:?}"),
        }
        header = current(&near, &acme()).await;
        assert_eq!(header.version == commit.version + 1, is_there);
    }
    assert!(lost_but_written >= 4, "{lost} were lost, {lost_but_written} were written");
}

/// A commit that is written as soon as the pooler has a connection again.
async fn warm(store: &impl Storage, header: Organization) -> Organization {
    for _ in 0..1_000 {
        let commit = on(&header);
        match store.commit(&commit).await {
            Ok(()) => return commit.header.unwrap(),
            Err(CommitError::Storage(error)) if error.is_unavailable() => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
    }
    panic!("the pooler has no connection any more");
}
