//! What goes wrong around a store, and how it is told.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "a module of several test programs")]
mod server;

use std::sync::Arc;
use std::time::Duration;

use invite_conformance::storage::rows::*;
use invite_core::{Reads, RowChange};
use invite_postgres_sqlx::{PostgresStorage, SchemaError, Statements};
use invite_postgres_testing::{Cut, Database, Options, Proxy, Server, Side};
use invite_storage::{CommitError, Outbox, Storage, StorageError};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::Barrier;

fn source<E: std::error::Error + 'static>(error: &StorageError) -> &E {
    std::error::Error::source(error).unwrap().downcast_ref().unwrap()
}

fn schema(error: StorageError) -> SchemaError {
    *source(&error)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_migrate_at_once() {
    let database = Arc::new(Server::shared().unwrap().empty_database().await.unwrap());
    let barrier = Arc::new(Barrier::new(6));
    let processes = (0..6).map(|_| {
        let (database, barrier) = (database.clone(), barrier.clone());
        tokio::spawn(async move {
            let store = server::store(&database);
            barrier.wait().await;
            store.migrate().await.unwrap();
            store.migrate().await.unwrap();
        })
    });
    for process in processes.collect::<Vec<_>>() {
        process.await.unwrap();
    }
    let client = database.connect().await.unwrap();
    let steps: i64 = client.query_one("select count(*) from invite.migrations", &[]).await.unwrap().get(0);
    assert_eq!(steps, 1);
    written(&server::store(&database), &on(&header("acme"))).await;
}

/// A host that gives the service a role of its own lets that role create nothing.
#[tokio::test]
async fn a_role_that_may_only_read_and_write_is_enough() {
    let database = server::database().await;
    let role = format!("{}_role", database.name());
    let grant = format!(
        "create role {role} login password 'p'; grant usage on schema invite to {role};
        grant select, insert, update, delete on all tables in schema invite to {role}"
    );
    let client = database.connect().await.unwrap();
    client.batch_execute(&grant).await.unwrap();
    let config = server::config(database.url()).username(&role).password("p");
    let pool = server::pool(config);
    let store = PostgresStorage::new(pool.clone());
    store.migrate().await.unwrap();
    let header = written(&store, &on(&header("acme"))).await;
    assert_eq!(current(&store, &acme()).await, header);
    pool.close().await;
    client.batch_execute(&format!("drop owned by {role}; drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_database_that_was_not_migrated_says_so() {
    let database = Server::shared().unwrap().empty_database().await.unwrap();
    let store = server::store(&database);
    let error = store.load(&acme(), &Reads::new(), at(0)).await.unwrap_err();
    assert!(source::<SchemaError>(&error).to_string().contains("run migrate() first"), "{error:?}");
    assert_eq!(schema(error), SchemaError::Missing);
    let Err(error) = store.exclusive(&acme()).await else { panic!() };
    assert_eq!(schema(error), SchemaError::Missing);
    assert_eq!(schema(store.lease(at(0), at(1), 1).await.unwrap_err()), SchemaError::Missing);
    let Err(CommitError::Storage(error)) = store.commit(&on(&header("acme"))).await else { panic!() };
    assert_eq!(schema(error), SchemaError::Missing);
    store.migrate().await.unwrap();
    written(&store, &on(&header("acme"))).await;
}

#[tokio::test]
async fn tables_of_another_release_are_refused() {
    let database = server::database().await;
    let client = database.connect().await.unwrap();
    let store = server::store(&database);
    client.batch_execute("update invite.migrations set version = 0").await.unwrap();
    let older = SchemaError::Older { found: 0, known: 1 };
    assert_eq!(schema(store.due().await.unwrap_err()), older);
    client.batch_execute("update invite.migrations set version = 99").await.unwrap();
    let newer = SchemaError::Newer { found: 99, known: 1 };
    assert_eq!(schema(store.due().await.unwrap_err()), newer);
    assert_eq!(schema(store.migrate().await.unwrap_err()), newer);
}

/// A later release takes the tables away under a store that knew them.
#[tokio::test]
async fn tables_that_change_under_a_store_are_told_of() {
    for (change, expected) in [
        ("drop schema invite cascade", SchemaError::Missing),
        (
            "alter table invite.members rename column grants to held; update invite.migrations set version = 2",
            SchemaError::Newer { found: 2, known: 1 },
        ),
    ] {
        for statements in [Statements::Prepared, Statements::Unprepared] {
            let database = server::database().await;
            let store = PostgresStorage::with(server::pool(server::config(database.url())), statements);
            let header = created(&store, &[], &[member("ada", 0)]).await;
            let reads = Reads::new().member(user("ada"));
            store.load(&acme(), &reads, at(0)).await.unwrap();
            database.connect().await.unwrap().batch_execute(change).await.unwrap();
            assert_eq!(schema(store.load(&acme(), &reads, at(0)).await.unwrap_err()), expected);
            let mut commit = on(&header);
            insert_members(&mut commit, &[member("eve", 0)]);
            let Err(CommitError::Storage(error)) = store.commit(&commit).await else { panic!() };
            assert_eq!(schema(error), expected);
        }
    }
}

/// Nobody waits for ever where the host says for how long.
#[tokio::test]
async fn what_takes_too_long_is_unavailable() {
    let database = server::database().await;
    let config = server::config(database.url()).options([("lock_timeout", "100ms")]);
    let store = PostgresStorage::new(server::pool_of(config, 2, Duration::from_secs(1)));
    let header = created(&store, &[], &[]).await;

    let unit = store.exclusive(&acme()).await.unwrap();
    let Err(CommitError::Storage(error)) = store.commit(&on(&header)).await else { panic!() };
    assert!(error.is_unavailable(), "a lock that was not to be had: {error:?}");
    let Err(error) = store.exclusive(&acme()).await else { panic!() };
    assert!(error.is_unavailable(), "{error:?}");

    let other = store.exclusive(&organization("globex")).await.unwrap();
    let load = store.load(&acme(), &Reads::new(), at(0)).await.unwrap_err();
    let Err(CommitError::Storage(commit)) = store.commit(&on(&header)).await else { panic!() };
    for error in [load, commit] {
        assert!(error.is_unavailable() && matches!(source(&error), sqlx::Error::PoolTimedOut), "{error:?}");
    }
    drop((unit, other));
    written(&store, &on(&header)).await;

    let config = server::config(database.url()).options([("statement_timeout", "1")]);
    let slow = PostgresStorage::new(server::pool(config));
    let client = database.connect().await.unwrap();
    client.batch_execute("begin; lock table invite.deliveries").await.unwrap();
    let error = slow.due().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

/// STO-3: a time that the host sets for statements or locks ends a load or a commit, and nothing of it is written.
#[tokio::test]
async fn a_statement_that_is_ended_in_time_leaves_nothing() {
    let database = server::database().await;
    for timeout in [("statement_timeout", "1s"), ("lock_timeout", "100ms")] {
        let config = server::config(database.url()).options([timeout]);
        let store = PostgresStorage::new(server::pool(config));
        let header = created_as(&store, &format!("acme-{timeout:?}")).await;
        let mut commit = on(&header);
        insert_members(&mut commit, &[member("eve", 0)]);

        let client = database.connect().await.unwrap();
        client.batch_execute("begin; lock table invite.members").await.unwrap();
        let reads = Reads::new().member(user("eve"));
        let error = store.load(&header.id, &reads, at(0)).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        // The header is written before it waits.
        let Err(CommitError::Storage(error)) = store.commit(&commit).await else { panic!() };
        assert!(error.is_unavailable() && !error.is_outcome_unknown(), "{error:?}");
        client.batch_execute("rollback").await.unwrap();

        assert!(!store.find_commit(&header.id, commit.id).await.unwrap());
        assert_eq!(current(&store, &header.id).await, header);
        written(&store, &commit).await;
        let slice = store.load(&header.id, &reads, at(0)).await.unwrap();
        assert!(slice.member(&user("eve")).unwrap().is_some());
    }
}

/// Another serialization failure than that of a version is decided again.
#[tokio::test]
async fn a_deadlock_is_a_conflict() {
    let database = server::database().await;
    let config = server::config(database.url()).options([("deadlock_timeout", "2s")]);
    // Else it is tried once more by itself, and written.
    let store = PostgresStorage::new(server::pool(config)).routed();
    let first = created(&store, &[invitation(1, "bob@example.com")], &[member("ada", 0)]).await;
    let client = database.connect().await.unwrap();
    client
        .batch_execute("set deadlock_timeout = '1min'; begin; select from invite.members for update")
        .await
        .unwrap();
    let mut commit = on(&first);
    commit.members = vec![RowChange::Update(member("ada", 5))];
    let (answer, _) = tokio::join!(store.commit(&commit), async {
        // It waits for the commit, which waits for it, and looks for the reason first.
        waiting(&database).await;
        client.batch_execute("select from invite.organizations for update").await.unwrap();
        client.batch_execute("rollback").await.unwrap();
    });
    assert!(matches!(answer, Err(CommitError::Conflict)), "{answer:?}");
    written(&store, &commit).await;
}

/// Goes on once somebody waits for a lock.
async fn waiting(database: &Database) {
    let waits =
        "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    let other = database.connect().await.unwrap();
    while other.query(waits, &[]).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// Of whoever goes away at any moment nothing stays behind: no transaction on the only connection, and no lock.
#[tokio::test]
async fn a_caller_that_goes_away_leaves_a_good_connection() {
    let database = server::database().await;
    let other = database.connect().await.unwrap();
    for statements in [Statements::Prepared, Statements::Unprepared] {
        let pool = server::pool_of(server::config(database.url()), 1, Duration::from_secs(30));
        let store = PostgresStorage::with(pool.clone(), statements);
        let name = format!("acme-{statements:?}");
        let mut header = created_as(&store, &name).await;
        let id = header.id.clone();
        let is_good = async || {
            let held = pool.acquire().await.unwrap();
            let open = "select from pg_stat_activity where datname = current_database() and state <> 'idle'
                and pid <> pg_backend_pid()";
            let open = other.query(open, &[]).await.unwrap();
            drop(held);
            open.is_empty()
        };
        let (mut written, mut left) = (0, 0);
        for polls in 0..40 {
            let load = after(polls, store.load(&id, &Reads::new().member(user("ada")).due(), at(0))).await;
            assert!(is_good().await, "a load that was polled {polls} times");
            let commit = on(&header);
            let answer = after(polls, store.commit(&commit)).await;
            assert!(is_good().await, "a commit that was polled {polls} times");
            header = current(&store, &id).await;
            match answer {
                Some(answer) => {
                    answer.unwrap();
                    assert_eq!(header.version, commit.version + 1);
                    written += 1;
                }
                None => left += 1,
            }
            let unit = after(polls, store.exclusive(&id)).await;
            drop((load, unit));
            assert!(is_good().await, "a unit that was polled {polls} times");
        }
        assert!(written > 0 && left > 0, "{written} written, {left} left");
    }
}

async fn created_as(store: &PostgresStorage, name: &str) -> invite_core::Organization {
    written(store, &on(&header(name))).await
}

/// What comes of a future that is polled so often at most, and dropped then.
async fn after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| match left.checked_sub(1) {
        Some(fewer) => {
            left = fewer;
            future.as_mut().poll(context).map(Some)
        }
        None => std::task::Poll::Ready(None),
    })
    .await
}

/// Who waits for a lock no longer keeps neither the lock nor, once that is free, the connection.
#[tokio::test]
async fn a_caller_that_goes_away_from_a_lock_is_not_in_the_way() {
    let database = server::database().await;
    let pool = server::pool_of(server::config(database.url()), 2, Duration::from_secs(30));
    let store = PostgresStorage::new(pool.clone());
    let header = created(&store, &[], &[]).await;
    let unit = store.exclusive(&acme()).await.unwrap();
    let commit = on(&header);
    tokio::select! {
        _ = store.commit(&commit) => panic!("the organization is locked"),
        () = waiting(&database) => {}
    }
    drop(unit);
    let header = current(&store, &acme()).await;
    assert_eq!(header.version, 1);
    let both =
        [store.exclusive(&acme()).await.unwrap(), store.exclusive(&organization("globex")).await.unwrap()];
    drop(both);
    written(&store, &on(&header)).await;
}

/// STO-3: what was acknowledged is there when the server is back, and the store goes on by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_is_used_again() {
    let own = Server::start(Options::new().durable()).unwrap();
    let database = own.empty_database().await.unwrap();
    let pool = server::pool_of(server::config(database.url()), 4, Duration::from_secs(1));
    let store = PostgresStorage::new(pool);
    store.migrate().await.unwrap();
    let mut header = created(&store, &[], &[]).await;
    for how in [Server::stop, Server::kill] {
        let unit = store.exclusive(&acme()).await.unwrap();
        how(&own).unwrap();
        let error = store.load(&acme(), &Reads::new(), at(0)).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        let answer = store.commit(&on(&header)).await;
        let Err(CommitError::Storage(error)) = answer else { panic!("{answer:?}") };
        assert!(error.is_unavailable() && !error.is_outcome_unknown(), "nothing was sent: {error:?}");
        drop(unit);
        own.start_again().unwrap();
        assert_eq!(current(&store, &acme()).await, header);
        header = written(&store, &on(&header)).await;
    }
}

/// STO-3: a pool whose connections all ended while nobody used them. Whoever comes first is served, or told the truth, and
/// after each connection was found out once, everybody is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_went_and_came_back_unnoticed_is_used_again() {
    const IDLE: u32 = 3;
    let own = Server::start(Options::new().durable()).unwrap();
    let database = own.empty_database().await.unwrap();
    // A pool looks at a connection before it gives it away, unless its host says otherwise.
    let pool = PgPoolOptions::new().max_connections(IDLE).test_before_acquire(false);
    let pool = pool.connect_lazy_with(server::config(database.url()));
    let store = PostgresStorage::new(pool.clone());
    store.migrate().await.unwrap();
    let mut header = created(&store, &[], &[]).await;
    for (how, is_commit) in
        [(Server::stop as fn(&Server) -> _, true), (Server::kill_all, true), (Server::stop, false)]
    {
        let held = futures_util::future::try_join_all((0..IDLE).map(|_| pool.acquire())).await.unwrap();
        drop(held);
        how(&own).unwrap();
        own.start_again().unwrap();
        let mut told = 0;
        loop {
            let commit = on(&header);
            let answer = if is_commit {
                store.commit(&commit).await
            } else {
                store.load(&acme(), &Reads::new(), at(0)).await.map(drop).map_err(CommitError::Storage)
            };
            let Err(error) = answer else { break };
            let CommitError::Storage(error) = error else { panic!("{error:?}") };
            assert!(error.is_unavailable() && !error.is_outcome_unknown(), "nothing was sent: {error:?}");
            told += 1;
            assert!(told <= IDLE, "each of {IDLE} is found out once: {error:?}");
        }
        let expected = header.version + u64::from(is_commit);
        header = current(&store, &acme()).await;
        assert_eq!(header.version, expected);
    }
}

/// STO-4: only the last statement commits, so a connection that is cut before is told as unavailable, and nothing is written;
/// cut at the commit itself, or before its reply is here, it is told as unknown.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_cut_is_whole_or_not_there() {
    let database = server::database().await;
    let near = server::store(&database);
    let proxy = Proxy::before(database.url()).await.unwrap();
    let afar = PostgresStorage::new(server::pool(server::config(proxy.url())));
    let mut header = created(&near, &[], &[]).await;
    let (mut lost, mut not_sent, mut written_as_told) = (0, 0, 0);
    let cuts = (0..30).map(|step| Cut::after_bytes(step * 120));
    let cuts = cuts.chain([Cut::reply_to_commit(), Cut::before(Side::Client, b'Q').with_text("commit\0")]);
    for (step, cut) in cuts.enumerate() {
        let joining = |header: &invite_core::Organization, name: &str| {
            let mut commit = on(header);
            insert_members(&mut commit, &[member(name, 0)]);
            commit
        };
        // From now on the connection is there, and its statements are prepared.
        header = written(&afar, &joining(&header, &format!("early-{step}"))).await;
        let commit = joining(&header, &format!("late-{step}"));
        proxy.arm(cut);
        let answer = afar.commit(&commit).await;
        // What was not reached is not to be reached by another one.
        proxy.arm(Cut::after_bytes(usize::MAX));
        let is_there = near.find_commit(&acme(), commit.id).await.unwrap();
        match answer {
            Ok(()) => {
                assert!(is_there);
                written_as_told += 1;
            }
            Err(CommitError::Storage(error)) if error.is_outcome_unknown() => lost += 1,
            Err(CommitError::Storage(error)) if error.is_unavailable() => {
                assert!(!is_there, "{error:?}");
                not_sent += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
        header = current(&near, &acme()).await;
        let reads = Reads::new().member(user(&format!("late-{step}")));
        let slice = near.load(&acme(), &reads, at(0)).await.unwrap();
        let is_member = slice.member(&user(&format!("late-{step}"))).unwrap().is_some();
        assert_eq!((is_member, header.version == commit.version + 1), (is_there, is_there));
    }
    assert!(lost > 1 && not_sent > 0 && written_as_told > 0, "{lost} lost, {not_sent} not sent");
}

/// STO-4
#[tokio::test]
async fn a_reply_to_a_commit_that_is_lost_is_unknown_and_the_commit_is_there() {
    let database = server::database().await;
    let proxy = Proxy::before(database.url()).await.unwrap();
    let store = PostgresStorage::new(server::pool(server::config(proxy.url())));
    let header = created(&store, &[], &[]).await;
    let commit = on(&header);
    proxy.arm(Cut::reply_to_commit());
    let Err(CommitError::Storage(error)) = store.commit(&commit).await else { panic!() };
    assert!(error.is_outcome_unknown(), "{error:?}");
    assert_eq!((proxy.fired(), current(&store, &acme()).await.version), (1, commit.version + 1));
}

/// An operator, or a host that shares the pool, cancels what is under way at any moment, the beginning of a transaction too.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_cancelled_leaves_nothing() {
    let database = server::database().await;
    let store = server::store(&database);
    let past = created(&store, &[], &[]).await;
    let header = written(&store, &on(&past)).await;
    let client = database.connect().await.unwrap();
    let cancelling = tokio::spawn(async move {
        let cancel = "select pg_cancel_backend(pid) from pg_stat_activity, generate_series(1, 100)
            where datname = current_database() and pid <> pg_backend_pid()";
        loop {
            client.batch_execute(cancel).await.unwrap();
        }
    });
    let (mut cancelled, mut tries) = (0, 0);
    while cancelled < 30 {
        // It was decided on a version that is past.
        let mut commit = on(&past);
        tries += 1;
        insert_members(&mut commit, &[member(&format!("late-{tries}"), 0)]);
        match store.commit(&commit).await {
            Err(CommitError::Conflict) => {}
            Err(CommitError::Storage(error)) => {
                assert!(error.is_unavailable() || error.is_outcome_unknown(), "{error:?}");
                cancelled += 1;
            }
            Ok(()) => panic!("it was decided on what is past"),
        }
    }
    cancelling.abort();
    let _ = cancelling.await;
    let client = database.connect().await.unwrap();
    let there: i64 = client.query_one("select count(*) from invite.members", &[]).await.unwrap().get(0);
    assert_eq!((there, current(&store, &acme()).await), (0, header), "after {tries} tries");
}
