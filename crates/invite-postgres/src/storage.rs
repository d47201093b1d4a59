//! The store, over a pool of the host.

use deadpool_postgres::Pool;
use invite_postgres_sql::Store;
use invite_storage::{StorageError, Wrapper};

use crate::connection::{Pooled, Statements};

/// Invitations in Postgres. Clones share the pool.
#[derive(Debug, Clone)]
pub struct PostgresStorage {
    store: Store<Pooled>,
}

impl PostgresStorage {
    /// A store over a pool of the host, which may use it for its own tables as well. Nothing is asked of the database yet.
    #[must_use]
    pub fn new(pool: Pool) -> Self {
        Self::with(pool, Statements::default())
    }

    /// The same, with a say in whether statements are prepared.
    #[must_use]
    pub fn with(pool: Pool, statements: Statements) -> Self {
        Self { store: Store::new(Pooled::new(pool, statements)) }
    }

    /// Makes the tables, or brings them to the form that this release needs. Forward only; done again, or by
    /// several processes at once, it changes nothing more.
    ///
    /// # Errors
    /// [`StorageError`]; nothing of it is left.
    pub async fn migrate(&self) -> Result<(), StorageError> {
        self.store.migrate().await
    }
}

/// It is a [`Storage`](invite_storage::Storage) by what is inside.
impl Wrapper for PostgresStorage {
    type Store = Store<Pooled>;

    fn store(&self) -> &Self::Store {
        &self.store
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use deadpool_postgres::Manager;
    use invite_conformance::storage::rows::*;
    use invite_core::{Actor, Invitation, Invitee, Reads, RowChange};
    use invite_postgres_sql::{Connect, Connection, Failure, Statement, Within};
    use invite_postgres_testing::{Database, Server};
    use invite_storage::{Outbox, Storage};
    use tokio_postgres::NoTls;

    use super::*;
    use crate::connection::{Held, TokioRow};

    /// Trips to the server, and what was sent on them.
    #[derive(Debug, Clone, Default)]
    struct Trips(Arc<Mutex<Vec<Vec<&'static str>>>>);

    impl Trips {
        fn note(&self, statements: &[Statement]) {
            self.0.lock().unwrap().push(statements.iter().map(|statement| statement.sql).collect());
        }

        /// How many trips there were since this was asked last, and how many statements.
        fn taken(&self) -> (usize, usize) {
            let trips = std::mem::take(&mut *self.0.lock().unwrap());
            (trips.len(), trips.iter().map(Vec::len).sum())
        }
    }

    struct Counting {
        pooled: Pooled,
        trips: Trips,
    }

    struct Counted {
        held: Held,
        trips: Trips,
    }

    #[async_trait]
    impl Connect for Counting {
        type Connection = Counted;

        async fn connect(&self) -> Result<Counted, Failure> {
            Ok(Counted { held: self.pooled.connect().await?, trips: self.trips.clone() })
        }
    }

    #[async_trait]
    impl Connection for Counted {
        type Row = TokioRow;

        async fn run(
            &mut self,
            within: Within,
            statements: &[Statement],
        ) -> Result<Vec<Vec<TokioRow>>, Failure> {
            self.trips.note(statements);
            self.held.run(within, statements).await
        }

        async fn script(&mut self, sql: &'static str) -> Result<(), Failure> {
            self.trips.note(&[Statement { sql, values: vec![] }]);
            self.held.script(sql).await
        }
    }

    /// A store that was used once, so that it knows its tables.
    async fn counted() -> (Store<Counting>, Trips, Database) {
        let database = Server::shared().unwrap().empty_database().await.unwrap();
        let manager = Manager::new(database.url().parse().unwrap(), NoTls);
        let pool = Pool::builder(manager).max_size(2).build().unwrap();
        let trips = Trips::default();
        let store =
            Store::new(Counting { pooled: Pooled::new(pool, Statements::Prepared), trips: trips.clone() });
        store.migrate().await.unwrap();
        store.due().await.unwrap();
        trips.taken();
        (store, trips, database)
    }

    fn invitees(count: u32) -> impl Iterator<Item = (u32, String)> {
        (0..count).map(|n| (n, format!("{n}@example.com")))
    }

    /// A command is two trips, however many rows it reads and writes, and so many statements as it touches tables.
    #[tokio::test]
    async fn a_command_is_two_trips_and_rows_cost_no_statements() {
        let mut seen = Vec::new();
        for count in [1, 2, 1000] {
            let (store, trips, _database) = counted().await;
            let mut header = written(&store, &on(&header("acme"))).await;
            assert_eq!(trips.taken().0, 1, "a commit");
            let mut reads = Reads::new().member(user("ada")).limits_of(&Actor::User(user("ada"))).due();
            reads.invitees.extend(invitees(count).map(|(_, invitee)| Invitee::from(address(&invitee))));
            store.load(&acme(), &reads, at(0)).await.unwrap();
            let load = trips.taken();

            let rows = invitees(count).map(|(n, invitee)| invitation(n, &invitee)).collect::<Vec<_>>();
            let mut commit = on(&header);
            insert_invitations(&mut commit, &rows);
            commit.deliveries = rows.iter().zip(1..).map(|(row, n)| delivery(n, row)).collect();
            header = written(&store, &commit).await;
            let made = trips.taken();

            let mut commit = on(&header);
            commit.invitations = rows.iter().map(|row| RowChange::Update(revoked(row.clone(), 1))).collect();
            commit.places = rows.iter().map(|row| RowChange::Delete(place_key(row))).collect();
            written(&store, &commit).await;
            let ended = trips.taken();
            assert_eq!((load.0, made.0, ended.0), (1, 1, 1), "trips with {count} invitees");
            seen.push((load.1, made.1, ended.1));
        }
        assert_eq!(seen, [seen[0]; 3], "statements to load, to make and to end");
    }

    /// What a key brings along comes with it.
    #[tokio::test]
    async fn a_load_is_one_trip_unless_something_is_due() {
        let (store, trips, _database) = counted().await;
        let in_group = invite_core::Grant::role("member").in_group(group("red"));
        let row = Invitation { grants: in_group.into(), ..ending(invitation(1, "bob@example.com"), 50) };
        let eve = invite_core::Member { email: Some(address("bob@example.com")), ..member("eve", 1) };
        created(&store, std::slice::from_ref(&row), &[member("ada", 0), eve]).await;
        trips.taken();
        let of = |now, reads: Reads, expected| (now, reads, expected);
        for (now, reads, expected) in [
            of(0, Reads::new(), 1),
            of(0, Reads::new().invitation(row.id).person(user("eve")).due(), 1),
            of(0, Reads::new().invitation(invitation_id(9)).person(user("nobody")).due(), 1),
            of(0, Reads::new().invitee(row.invitee.clone()).actor(&Actor::User(user("ada"))).due(), 1),
            of(0, Reads::new().link(link_id(1)).request(request_id(1)), 1),
            of(60, Reads::new().member(user("ada")).due(), 2),
            of(0, Reads::new().sent_by(user("ada")), 2),
        ] {
            let slice = store.load(&acme(), &reads, at(now)).await.unwrap();
            assert!(slice.open(&reads).is_empty());
            assert_eq!(trips.taken().0, expected, "{reads:?}");
        }
    }

    /// A unit locks, loads, writes and commits.
    #[tokio::test]
    async fn a_command_under_a_lock_is_four_trips() {
        let (store, trips, _database) = counted().await;
        let header = created(&store, &[], &[member("ada", 0)]).await;
        trips.taken();
        let mut unit = store.exclusive(&acme()).await.unwrap();
        unit.load(&Reads::new().member(user("ada")).due(), at(0)).await.unwrap();
        unit.write(&on(&header)).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(trips.taken().0, 4);
    }
}
