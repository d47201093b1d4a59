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

    /// The same, with every load and every commit by itself, instead of with those of other organizations that come at once.
    /// Each statement of a command is then of one organization, and is sent to where its rows lie in a database that is
    /// spread over several machines, such as Citus.
    #[must_use]
    pub fn routed(self) -> Self {
        Self { store: self.store.routed() }
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
    use futures_util::future::{join_all, poll_immediate};
    use invite_conformance::storage::rows::*;
    use invite_core::{
        Actor, Commit, Delivery, Former, Invitation, Invitee, LimitSubject, Reads, RowChange,
        SuppressionKind, UserId,
    };
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
        let pool = Pool::builder(manager).max_size(10).build().unwrap();
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
    /// What a commit makes of an organization, in every table.
    fn making(id: &str) -> Commit {
        let mut commit = on(&header(id));
        insert_members(&mut commit, &[member("ada", 0), member("bob", 1)]);
        commit
    }

    /// Somebody whose id means something in the text of an array.
    fn odd() -> UserId {
        user("fay\\\"{,}'")
    }

    fn filling(made: &Commit) -> Commit {
        let mut commit = on(made.header.as_ref().unwrap());
        let rows = [invitation(1, "eve@example.com"), invitation_of(2, odd())];
        insert_invitations(&mut commit, &rows);
        insert_members(&mut commit, &[member("dan", 2)]);
        insert_requests(&mut commit, &[request(1, "gil")]);
        commit.groups = ["red", "blue"].map(|id| RowChange::Insert(a_group(id, 1))).into();
        commit.group_members = vec![RowChange::Insert(in_group("red", "bob", 2))];
        commit.links = vec![RowChange::Insert(link(1))];
        let kinds = [SuppressionKind::Invitations, SuppressionKind::Mail];
        commit.suppressions =
            kinds.map(|kind| RowChange::Insert(suppression("hal@example.com", kind))).into();
        commit.limits =
            vec![(LimitSubject::Organization, at(5)), (LimitSubject::Inviter(user("ada")), at(6))];
        let own = |row| Delivery { organization: made.organization.clone(), ..row };
        commit.deliveries = rows.iter().zip(1..).map(|(row, n)| own(delivery(n, row))).collect();
        commit.commands = vec![command("k", "o")];
        commit
    }

    fn changing(filled: &Commit) -> Commit {
        let mut commit = on(filled.header.as_ref().unwrap());
        let [one, other] = [invitation(1, "eve@example.com"), invitation_of(2, odd())];
        commit.places = [&one, &other].map(|row| RowChange::Delete(place_key(row))).into();
        commit.invitations = vec![RowChange::Update(revoked(one, 3)), RowChange::Delete(other.id)];
        commit.members = vec![RowChange::Update(member("bob", 4)), RowChange::Delete(user("dan"))];
        commit.groups = vec![RowChange::Update(a_group("red", 2)), RowChange::Delete(group("blue"))];
        commit.group_members = vec![RowChange::Delete((group("red"), user("bob")))];
        commit.links = vec![RowChange::Update(removed(link(1), 4))];
        commit.requests = vec![RowChange::Update(withdrawn(request(1, "gil"), 4))];
        commit.suppressions =
            vec![RowChange::Delete((address("hal@example.com").into(), SuppressionKind::Mail))];
        commit.limits = vec![(LimitSubject::Organization, at(9))];
        commit.former =
            vec![Former { user: user("dan"), left_at: at(4), grants: member("dan", 2).grants.clone() }];
        commit
    }

    /// Every row of every table, as text.
    async fn rows_in(database: &Database) -> Vec<String> {
        let client = database.connect().await.unwrap();
        let text = async |sql: &str| {
            let rows = client.query(sql, &[]).await.unwrap();
            rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>()
        };
        let mut all = Vec::new();
        for table in
            text("select tablename::text from pg_tables where schemaname = 'invite' order by 1").await
        {
            let rows =
                text(&format!("select row_to_json(t)::text from invite.{table} as t order by 1")).await;
            all.extend(rows.into_iter().map(|row| format!("{table} {row}")));
        }
        all.retain(|row| !row.starts_with("migrations"));
        all
    }

    /// What several organizations load and write at once goes in few trips, and is what each would load and write by itself.
    #[tokio::test]
    async fn organizations_share_trips_and_nothing_else() {
        let (shared, trips, database) = counted().await;
        let (alone, _, same) = counted().await;
        let alone = alone.routed();
        let made = (0..20).map(|n| making(&format!("o{n}"))).collect::<Vec<_>>();
        let filled = made.iter().map(filling).collect::<Vec<_>>();
        let changed = filled.iter().map(changing).collect::<Vec<_>>();
        let reads = Reads::new()
            .member(user("ada"))
            .invitee(address("eve@example.com").into())
            .invitee(odd().into())
            .limits_of(&Actor::User(user("ada")))
            .due();
        for commits in [&made, &filled, &changed] {
            for commit in commits {
                written(&alone, commit).await;
            }
            trips.taken();
            let written = join_all(commits.iter().map(|commit| shared.commit(commit))).await;
            assert!(written.iter().all(Result::is_ok), "{written:?}");
            // Organizations that are new share nothing.
            let most = if std::ptr::eq(commits, &made) { 20 } else { 4 };
            assert!(trips.taken().0 <= most, "for 20 commits");
            assert_eq!(rows_in(&database).await, rows_in(&same).await);

            let loads = commits.iter().map(|commit| shared.load(&commit.organization, &reads, at(10)));
            let loads = join_all(loads).await;
            assert!(trips.taken().0 <= 4, "for 20 loads");
            for (load, commit) in loads.into_iter().zip(commits) {
                let expected = alone.load(&commit.organization, &reads, at(10)).await.unwrap();
                assert_eq!(format!("{:?}", load.unwrap()), format!("{expected:?}"));
            }
        }
    }

    /// One that decided on what is no longer true conflicts alone, and one that is locked lets nobody wait but its own.
    #[tokio::test]
    async fn what_is_refused_takes_nobody_along() {
        let (store, _, _database) = counted().await;
        let made = (0..12).map(|n| making(&format!("o{n}"))).collect::<Vec<_>>();
        join_all(made.iter().map(|commit| written(&store, commit))).await;
        let mut filled = made.iter().map(filling).collect::<Vec<_>>();
        written(&store, &on(made[5].header.as_ref().unwrap())).await;
        // As many as take all ways that there are.
        let mut locked = Vec::new();
        let mut waiting = Vec::new();
        for n in [9, 8, 7] {
            locked.push(store.exclusive(&organization(&format!("o{n}"))).await.unwrap());
            let (store, commit) = (store.clone(), filled.remove(n));
            let mut commit = Box::pin(async move { store.commit(&commit).await });
            assert!(poll_immediate(&mut commit).await.is_none());
            waiting.push(tokio::spawn(commit));
        }
        let answers = join_all(filled.iter().map(|commit| store.commit(commit))).await;
        let conflicts = answers.iter().enumerate().filter(|(_, answer)| is_conflict(answer));
        assert_eq!(conflicts.map(|(n, _)| n).collect::<Vec<_>>(), [5], "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 8, "{answers:?}");
        assert!(waiting.iter().all(|commit| !commit.is_finished()));
        for (locked, waiting) in locked.into_iter().zip(waiting) {
            locked.commit().await.unwrap();
            waiting.await.unwrap().unwrap();
        }
    }
}
