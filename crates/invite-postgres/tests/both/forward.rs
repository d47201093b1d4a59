//! STO-6: tables go forward from every version there was, with what was in them, beside whatever the host has.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use invite_conformance::storage::rows::*;
use invite_core::*;
use invite_postgres_testing::{Database, Server};
use invite_storage::{EventEntry, Storage};

use crate::server;

/// Every version: what makes it of the one before, and what was kept in one. What was released is never edited.
const VERSIONS: &[(&str, &str)] = &[(
    include_str!("../../../invite-postgres-sql/sql/migrations/0001.sql"),
    include_str!("../../../invite-postgres-sql/sql/migrations/0001.data.sql"),
)];

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../invite-postgres-sql/sql/migrations");

/// Tables of a host, by names that ours have too, where its connections look first.
const HOST: &str = "create table members (n bigint primary key);
    create table migrations (version text); create table organizations (id bigint);
    insert into members values (1); insert into migrations values ('mine')";

/// What was kept in each version: something in every table, and in most columns. A field that is new has here what the
/// migration gives to rows that were there before.
fn kept() -> Commit {
    let id = CommitId::from_parts(at(0), [7; 10]);
    let mut commit = on(&Organization {
        plan: Plan::seats("team", 5).and_seats("client", Limit::Unlimited).pending(Limit::AtMost(9)),
        settings: Settings::named("Ἀθήνα 東京").described("'quoted'").expiry_seconds(86_400),
        counts: Counts { members: 2, owners: 1, pending: 1, groups: 2, links: 1, ..Counts::default() },
        closing: [group("old")].into(),
        verified: BTreeMap::from([(
            Domain::parse("example.com").unwrap(),
            VerifiedDomain::joins(Grant::role("member")),
        )]),
        ..header("acme")
    });
    commit.id = id;
    let in_red =
        Grants::from([Grant::role("client"), Grant::role("member").until(at(9_000)).in_group(group("red"))]);
    let bob = Member {
        email: Some(address("Bob@Example.com")),
        grants: in_red.clone(),
        seat: Some("client".into()),
        status: MemberStatus::Suspended,
        joined_by: JoinedBy::Link { link: link_id(1), revision: 2 },
        metadata: [("k".to_owned(), "v".to_owned())].into(),
        ..member("bob", 1)
    };
    insert_members(&mut commit, &[member("ada", 0), bob]);
    commit.group_members = vec![RowChange::Insert(in_group("red", "bob", 1))];
    let old = Group { status: GroupStatus::Closed, ..a_group("old", 1) };
    commit.groups = vec![RowChange::Insert(a_group("red", 0)), RowChange::Insert(old)];
    let used = InviteLink {
        settings: LinkSettings::new("For red", in_red.clone()).max_uses(20).closes_at(at(90_000)),
        uses: 3,
        revision: 2,
        earlier_nonces: vec![Nonce::from_bytes([1; 16])],
        ..link(1)
    };
    commit.links = vec![RowChange::Insert(used), RowChange::Insert(removed(link(2), 5))];
    let asking = JoinRequest {
        email: Some(address("eve@example.com")),
        message: Some("please".into()),
        ..request(1, "eve")
    };
    insert_requests(&mut commit, &[asking, withdrawn(request(2, "cid"), 7)]);
    let open = Invitation {
        name: Some("Zoë".into()),
        grants: in_red,
        earlier_nonces: vec![Nonce::from_bytes([2; 16])],
        revision: 1,
        seat: Some("client".into()),
        message: Some("line\nline".into()),
        locale: Some("de".into()),
        metadata: [("k".to_owned(), "v".to_owned())].into(),
        continue_to: Some("https://app.example/after".into()),
        starts_at: Some(at(2)),
        ..ending(invitation(1, "Zoë@example.com"), 80_000)
    };
    let accepted = Invitation {
        ended: Some((Ending::Accepted { user: user("bob") }, at(4))),
        ..invitation(2, "bob@example.com")
    };
    let rows = [open, accepted, revoked(invitation_of(3, user("cid")), 5)];
    insert_invitations(&mut commit, &rows);
    commit.suppressions =
        SuppressionKind::ALL.map(|kind| RowChange::Insert(suppression("x@example.com", kind))).into();
    commit.limits = vec![(LimitSubject::Organization, at(3)), (LimitSubject::Inviter(user("ada")), at(4))];
    commit.former = vec![Former { user: user("cid"), left_at: at(6), grants: Grant::role("member").into() }];
    let tried = Delivery {
        state: DeliveryState::Sent,
        lease: 2,
        mailed_at: Some(at(5)),
        attempts: vec![Attempt { at: at(4), error: Some("451".into()) }, Attempt { at: at(5), error: None }],
        ..delivery(1, &rows[0])
    };
    commit.deliveries = vec![tried, delivery(2, &rows[1])];
    commit.commands = vec![command("k", "{\"n\":1}")];
    let mut record = EventRecord {
        actor: Actor::User(user("ada")),
        kind: "invitation-created",
        invitation: Some(invitation_id(1)),
        group: Some(group("red")),
        ..event(id, 1)
    };
    record.data.after = Some(Box::new(Facts::from(&rows[0])));
    record.data.reason = Some("because".into());
    commit.events = vec![record];
    commit
}

/// With its data in one order of keys.
fn parsed(events: Vec<EventEntry>) -> Vec<EventEntry> {
    let parsed = |data: &str| serde_json::from_str::<serde_json::Value>(data).unwrap().to_string();
    events.into_iter().map(|row| EventEntry { data: parsed(&row.data), ..row }).collect()
}

/// The store shows what was written, row by row, by every way to a row.
async fn shows(store: &impl Storage, commit: &Commit) {
    let mut reads = Reads::new()
        .kept_links()
        .limits_of(&Actor::User(user("ada")))
        .invitee(address("x@example.com").into());
    reads.commands.extend(commit.commands.iter().map(|row| row.key.clone()));
    let inserted = |changes: &[RowChange<UserId, Member>]| {
        changes
            .iter()
            .map(|change| match change {
                RowChange::Insert(row) => row.clone(),
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    macro_rules! rows {
        ($table:ident) => {
            commit.$table.iter().map(|change| match change {
                RowChange::Insert(row) => row.clone(),
                other => panic!("{other:?}"),
            })
        };
    }
    reads.invitations.extend(rows!(invitations).map(|row| row.id));
    reads.links.extend(rows!(links).map(|row| row.id));
    reads.requests.extend(rows!(requests).map(|row| row.id));
    reads.groups.extend(rows!(groups).map(|row| row.id));
    reads.members.extend(rows!(members).map(|row| row.user));
    let slice = store.load(&acme(), &reads, at(0)).await.unwrap();
    assert_eq!(slice.organization(), commit.header.as_ref());
    for row in rows!(invitations) {
        assert_eq!(slice.invitation(row.id).unwrap(), Some(&row));
        let kept = slice.invitation(row.id).unwrap().unwrap();
        assert!(kept.nonce == row.nonce && kept.earlier_nonces == row.earlier_nonces);
    }
    assert_eq!(slice.mailed_at(invitation_id(2)).unwrap(), None);
    for row in rows!(links) {
        assert_eq!(slice.link(row.id).unwrap(), Some(&row));
    }
    for row in rows!(requests) {
        assert_eq!(slice.request(row.id).unwrap(), Some(&row));
    }
    for row in rows!(groups) {
        assert_eq!(slice.group(&row.id).unwrap(), Some(&row));
    }
    for row in rows!(members) {
        assert_eq!(slice.member(&row.user).unwrap(), Some(&row));
    }
    for row in rows!(suppressions) {
        assert_eq!(slice.suppressed_since(&row.invitee, row.kind).unwrap(), Some(row.at));
    }
    for (subject, kept) in &commit.limits {
        assert_eq!(slice.limit(subject).unwrap(), Some(*kept));
    }
    for row in &commit.commands {
        assert_eq!(slice.command(&row.key).unwrap(), Some(row));
    }
    let listed = store.invitations(&acme(), &Default::default(), at(0), &all()).await.unwrap();
    let mails = listed
        .into_iter()
        .filter_map(|row| row.delivery)
        .map(|row| (row.id, row))
        .collect::<BTreeMap<_, _>>();
    assert_eq!(mails, commit.deliveries.iter().map(|row| (row.id, row.clone())).collect());
    let red = invite_storage::MemberFilter { group: Some(group("red")), ..Default::default() };
    let in_red = store.members(&acme(), &red, &all()).await.unwrap();
    assert_eq!(in_red, inserted(&commit.members)[1..]);
    for naming in [
        store
            .invitations(
                &acme(),
                &invite_storage::InvitationFilter { group: Some(group("red")), ..Default::default() },
                at(0),
                &all(),
            )
            .await
            .unwrap()
            .len(),
        store
            .links(
                &acme(),
                &invite_storage::LinkFilter { group: Some(group("red")), ..Default::default() },
                &all(),
            )
            .await
            .unwrap()
            .len(),
    ] {
        assert_eq!(naming, 1, "what names the group");
    }
    let left = store.former_memberships(&user("cid"), 9).await.unwrap();
    assert_eq!(left.into_iter().map(|row| row.former).collect::<Vec<_>>(), commit.former);
    let log = parsed(store.events(&acme(), 0, 9).await.unwrap());
    let record = &commit.events[0];
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].commit, &log[0].actor, log[0].kind.as_str()), (commit.id, &record.actor, record.kind));
    assert_eq!((log[0].invitation, &log[0].group, log[0].at), (record.invitation, &record.group, record.at));
    assert_eq!(log[0].data, serde_json::to_value(&record.data).unwrap().to_string());
    assert!(store.find_commit(&acme(), commit.id).await.unwrap());
}

/// A database of a host, at a version, with what was kept then.
async fn at_version(version: usize) -> Database {
    let database = Server::shared().unwrap().empty_database().await.unwrap();
    let client = database.connect().await.unwrap();
    client.batch_execute(HOST).await.unwrap();
    if version > 0 {
        let own =
            "create schema invite; create table invite.migrations (version bigint not null primary key)";
        client.batch_execute(own).await.unwrap();
        for (n, (step, _)) in (1..=version).zip(VERSIONS) {
            client.batch_execute(step).await.unwrap();
            client.batch_execute(&format!("insert into invite.migrations values ({n})")).await.unwrap();
        }
        client.batch_execute(VERSIONS[version - 1].1).await.unwrap();
    }
    database
}

async fn count(database: &Database, table: &str) -> i64 {
    let client = database.connect().await.unwrap();
    client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0)
}

async fn is_untouched(database: &Database) {
    assert_eq!(count(database, "public.members where n = 1").await, 1);
    assert_eq!(count(database, "public.migrations where version = 'mine'").await, 1);
    assert_eq!(count(database, "pg_tables where schemaname = 'public'").await, 3);
}

#[tokio::test]
async fn what_every_version_kept_comes_back() {
    for version in 1..=VERSIONS.len() {
        let database = at_version(version).await;
        let store = server::store(&database);
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();
        shows(&store, &kept()).await;
        written(&store, &on(kept().header.as_ref().unwrap())).await;
        is_untouched(&database).await;
        assert_eq!(count(&database, "invite.migrations").await, i64::try_from(VERSIONS.len()).unwrap());
    }
}

/// Version 0 is a host's database without any of ours.
#[tokio::test]
async fn a_host_keeps_its_own_tables() {
    let database = at_version(0).await;
    let store = server::store(&database);
    store.migrate().await.unwrap();
    written(&store, &kept()).await;
    shows(&store, &kept()).await;
    is_untouched(&database).await;
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing() {
    let database = at_version(0).await;
    let client = database.connect().await.unwrap();
    client.batch_execute("create schema invite; create table invite.deliveries ()").await.unwrap();
    let store = server::store(&database);
    for _ in 0..2 {
        store.migrate().await.unwrap_err();
        assert_eq!(count(&database, "pg_tables where schemaname = 'invite'").await, 1);
    }
    client.batch_execute("drop table invite.deliveries").await.unwrap();
    store.migrate().await.unwrap();
    written(&store, &kept()).await;
}

/// Forward only: a release that does not know the tables says so and touches nothing.
#[tokio::test]
async fn a_newer_version_is_refused_in_words() {
    let database = at_version(VERSIONS.len()).await;
    let newer = VERSIONS.len() + 1;
    let client = database.connect().await.unwrap();
    client.batch_execute(&format!("insert into invite.migrations values ({newer})")).await.unwrap();
    let store = server::store(&database);
    let error = store.migrate().await.unwrap_err();
    let words = std::error::Error::source(&error).unwrap().to_string();
    assert!(words.contains(&newer.to_string()) && words.contains("newer"), "{words}");
    assert_eq!(count(&database, "invite.migrations").await, i64::try_from(newer).unwrap());
    assert_eq!(count(&database, "invite.members").await, 2);
}

#[test]
fn every_version_is_tried() {
    let names =
        fs::read_dir(MIGRATIONS).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names = names.collect::<Vec<_>>();
    names.sort();
    let expected = (1..=VERSIONS.len()).flat_map(|n| [format!("{n:04}.data.sql"), format!("{n:04}.sql")]);
    assert_eq!(names, expected.collect::<Vec<_>>(), "each step has its data, and stands in the list");
}

/// Every row of a database, as the statements that make it.
async fn dumped(database: &Database) -> String {
    let client = database.connect().await.unwrap();
    let tables = "select tablename::text from pg_tables where schemaname = 'invite' and tablename <> 'migrations' order by 1";
    let mut dumped = String::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let table = table.get::<_, &str>(0);
        let rows = format!("select row_to_json(t)::text from invite.{table} as t order by t::text");
        let rows = client.query(&rows, &[]).await.unwrap();
        let rows = rows.iter().map(|row| row.get::<_, &str>(0));
        let rows = rows.collect::<Vec<_>>().join(",\n");
        dumped.push_str(&format!(
            "insert into invite.{table} select * from json_populate_recordset(null::invite.{table}, $rows$[\n{rows}\n]$rows$);\n"
        ));
    }
    dumped
}

/// What the fixture of the newest version is written with, before it is released.
#[tokio::test]
#[ignore = "writes into the source tree"]
async fn writes_the_data_of_the_newest_version() {
    let database = at_version(0).await;
    let store = server::store(&database);
    store.migrate().await.unwrap();
    written(&store, &kept()).await;
    store.block_everywhere(&[user("eve").into()], Some(at(9))).await.unwrap();
    let path = Path::new(MIGRATIONS).join(format!("{:04}.data.sql", VERSIONS.len()));
    fs::write(path, dumped(&database).await).unwrap();
}
