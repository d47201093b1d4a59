//! Damage to a file of SQLite: rows that nobody can have written, a file that is none, one that is gone. Each is told
//! as what it is, nothing is lost, other organizations go on, and all is well again once the cause is gone (STO-3).
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use invite::core::{DeliveryState, SuppressionKind};
use invite::{AccessModel, Acting, Block, Error, Grant, Invitations, Limit, PageRequest, Plan, Rate};
use invite_sqlite::{SchemaError, SqliteStorage};
use rusqlite::Connection;
use rusqlite::types::Value;
use tests::{Listed, Store, World, code, person};

fn members() -> Grant {
    Grant::role("member")
}

fn path(world: &World) -> PathBuf {
    world.store.directory().unwrap().join("invite.db")
}

fn plan() -> Plan {
    let plan = Plan::seats("team", 9).and_seats("client", Limit::AtMost(5));
    plan.inviter_rate(Rate::per(100, TimeDelta::hours(1)).unwrap())
}

/// Two organizations, each with a member, two pending invitations whose mail waits, and one who blocked it.
async fn world() -> World {
    let world = World::on(Store::sqlite().await);
    for id in ["acme", "globex"] {
        let acting = world.invite.create_organization(id, id, "ada", plan()).await.unwrap().by("ada");
        for name in ["bob", "kim"] {
            acting.invite(format!("{name}@example.com"), members()).await.unwrap();
        }
        let bob = acting.entry("bob@example.com").await.0.id;
        acting.organization().accept(bob, person("bob")).await.unwrap();
        let kim = acting.entry("kim@example.com").await.0.id;
        let declining = acting.organization().decline(kim, person("kim"));
        declining.with(|decline| decline.block(Block::Organization)).await.unwrap();
        acting.invite("eve@example.com", members()).idempotency_key("k").await.unwrap();
        acting.invite("dan@example.com", members()).await.unwrap();
    }
    world
}

/// What somebody may want of an organization, and what they are told.
async fn asked(acting: &Acting) -> Vec<(&'static str, Result<String, Error>)> {
    let organization = acting.organization();
    let page = PageRequest::default();
    let dry_run = acting.invite("new@example.com", members()).dry_run().await.map_err(Error::from);
    let kim = acting.organization().unblock(person("kim"), SuppressionKind::Invitations).dry_run().await;
    let kept = acting.invite("eve@example.com", members()).idempotency_key("k").await;
    vec![
        ("get", shown(organization.get().await)),
        ("may", shown(organization.may("bob", "posts.create").await)),
        ("members", shown(acting.members(&Default::default(), &page).await)),
        ("invitations", shown(acting.invitations(&Default::default(), &page).await)),
        ("roster", shown(acting.roster(&page).await)),
        ("events", shown(acting.events(0, 100).await)),
        ("invite", dry_run.map(|dry_run| format!("{:?}", dry_run.seats_after))),
        ("unblock", kim.map(|_| String::new()).map_err(Error::from)),
        ("repeat", shown(kept.map_err(Error::from))),
    ]
}

fn shown<T: std::fmt::Debug>(found: Result<T, Error>) -> Result<String, Error> {
    found.map(|found| format!("{found:?}"))
}

/// A cell of acme's rows, and what is written over it.
struct Damage {
    table: &'static str,
    rows: &'static str,
    column: &'static str,
    value: &'static str,
}

const fn damage(
    table: &'static str,
    rows: &'static str,
    column: &'static str,
    value: &'static str,
) -> Damage {
    Damage { table, rows, column, value }
}

const BOB: &str = "organization = 'acme' and user = 'bob'";
const EVE: &str = "organization = 'acme' and address = 'eve@example.com'";
const ACME: &str = "organization = 'acme'";
const HEADER: &str = "id = 'acme'";
const LATEST: &str = "9223372036854775806";

const DAMAGES: &[Damage] = &[
    damage("organizations", HEADER, "status", "'unheard of'"),
    damage("organizations", HEADER, "plan", "'{'"),
    damage("organizations", HEADER, "settings", "'{\"format\":1,\"value\":{}}'"),
    damage("organizations", HEADER, "seats", "'null'"),
    damage("organizations", HEADER, "members", "-1"),
    damage("organizations", HEADER, "version", "-1"),
    damage("organizations", HEADER, "last_at", LATEST),
    damage("members", BOB, "grants", "'{\"format\":2,\"value\":[]}'"),
    damage("members", BOB, "email", "'nobody'"),
    damage("members", BOB, "joined_by", "'{\"format\":1,\"value\":\"magic\"}'"),
    damage("members", BOB, "joined_at", LATEST),
    damage("invitations", EVE, "kind", "''"),
    damage("invitations", EVE, "grants", "'[1, 2'"),
    damage("invitations", EVE, "inviter", "'nobody'"),
    damage("invitations", EVE, "expires_at", LATEST),
    damage("invitations", EVE, "nonce", "x'00'"),
    damage("invitations", EVE, "earlier_nonces", "x'0102'"),
    damage("invitations", EVE, "revision", "4294967296"),
    damage("invitations", EVE, "ended_at", "1"),
    damage("invitations", EVE, "mail_to", "'nobody'"),
    damage("suppressions", ACME, "kind", "'unheard of'"),
    damage("suppressions", ACME, "at", LATEST),
    damage("limits", ACME, "kept", LATEST),
    damage("commands", ACME, "fingerprint", "x'00'"),
    damage("commands", ACME, "outcome", "'{'"),
    damage("events", "organization = 'acme' and sequence = 2", "actor", "'nobody'"),
    damage("events", "organization = 'acme' and sequence = 2", "at", LATEST),
    damage(
        "deliveries",
        "organization = 'acme' and invitation = (select id from invite_invitations where organization = 'acme' and address = 'eve@example.com')",
        "attempts",
        "'['",
    ),
];

impl Damage {
    /// Overwrites the cells, and gives what was in them.
    fn happens(&self, db: &Connection) -> Vec<(Vec<Value>, Value)> {
        let Self { table, rows, column, value } = self;
        let keys = keys(db, table);
        let sql = format!("select {}, {column} from invite_{table} where {rows}", keys.join(", "));
        let mut statement = db.prepare(&sql).unwrap();
        let cells = statement.query_map([], |row| {
            let key = (0..keys.len()).map(|n| row.get(n)).collect::<Result<_, _>>()?;
            Ok((key, row.get(keys.len())?))
        });
        let cells = cells.unwrap().map(Result::unwrap).collect::<Vec<_>>();
        assert!(!cells.is_empty(), "{sql}");
        db.execute(&format!("update invite_{table} set {column} = {value} where {rows}"), []).unwrap();
        cells
    }

    /// Puts back what was in the cells. A column of the key is not among those that are damaged.
    fn is_mended(&self, db: &Connection, cells: Vec<(Vec<Value>, Value)>) {
        let Self { table, column, .. } = self;
        let mut keys = keys(db, table);
        keys.retain(|key| key != column);
        for (key, value) in cells {
            let place = keys.iter().map(|key| format!("{key} = ?")).collect::<Vec<_>>().join(" and ");
            let sql = format!("update invite_{table} set {column} = ? where {place}");
            let key = key.into_iter().take(keys.len());
            let values = std::iter::once(value).chain(key);
            assert_eq!(db.execute(&sql, rusqlite::params_from_iter(values)).unwrap(), 1, "{sql}");
        }
    }

    fn name(&self) -> String {
        format!("{} of {} is {}", self.column, self.table, self.value)
    }
}

/// The columns of a table's key, in their order.
fn keys(db: &Connection, table: &str) -> Vec<String> {
    let sql = "select name from pragma_table_info(?1) where pk > 0 order by pk";
    let mut statement = db.prepare(sql).unwrap();
    let names = statement.query_map([format!("invite_{table}")], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

/// A row that cannot be understood is told as that, by whoever has to read it and nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_row_is_told_and_harms_no_other_organization() {
    let world = world().await;
    let (acme, globex) = (world.acme_by("ada"), world.invite.organization("globex").by("ada"));
    let told = async |acting: &Acting| {
        let asked = asked(acting).await.into_iter();
        asked.map(|(what, found)| (what, found.unwrap())).collect::<Vec<_>>()
    };
    let before = (told(&acme).await, told(&globex).await);
    let db = Connection::open(path(&world)).unwrap();
    for damage in DAMAGES {
        let what = damage.name();
        let cells = damage.happens(&db);
        let mut noticed = 0;
        for (name, found) in asked(&acme).await {
            let Err(error) = found else { continue };
            noticed += 1;
            assert_eq!(error.code(), "storage-corrupt", "{name}: {what}");
            assert!(error.remedy().contains("backup"), "{name}: {what}");
            let Error::Storage(storage) = &error else { panic!("{name}: {what}: {error}") };
            assert!(storage.is_corrupt() && !storage.is_unavailable(), "{name}: {what}");
            let cause = storage.source().unwrap().to_string();
            let key = cause.contains("idempotency key") && damage.table == "commands";
            assert!(cause.contains(damage.column) || key, "the cause names the column: {cause}: {what}");
        }
        assert!(noticed > 0, "nobody noticed that {what}");
        assert_eq!(told(&globex).await, before.1, "{what}");
        damage.is_mended(&db, cells);
        assert_eq!(told(&acme).await, before.0, "{what}");
    }
}

/// MAI-5: a corrupt row keeps its own mails, and no others. Once it is repaired, they go out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_row_holds_up_no_other_mail() {
    let of_deliveries = DAMAGES
        .iter()
        .filter(|damage| matches!(damage.table, "deliveries" | "invitations" | "organizations"));
    for damage in of_deliveries {
        let world = world().await;
        let what = damage.name();
        let db = Connection::open(path(&world)).unwrap();
        let cells = damage.happens(&db);
        let report = world.deliver().await;
        // Of the whole organization if its header is the one, else of eve alone; kim and bob want none any more.
        let left = if damage.table == "organizations" { 2 } else { 1 };
        assert_eq!(report.sent, 4 - left, "{report:?}: {what}");
        assert!(report.unreadable >= left, "{report:?}: {what}");
        assert_eq!(world.deliver().await.total(), 0, "it is in nobody's way: {what}");
        damage.is_mended(&db, cells);
        world.pass(TimeDelta::minutes(11));
        assert_eq!(world.deliver().await.sent, left, "{what}");
        for id in ["acme", "globex"] {
            let acting = world.invite.organization(id).by("ada");
            assert_eq!(acting.mail_state("eve@example.com").await, Some(DeliveryState::Sent), "{what}");
        }
        let ids = world.mailer.sent().iter().map(|mail| mail.id().to_string()).collect::<BTreeSet<_>>();
        assert_eq!((ids.len(), world.mailer.sent().len()), (4, 4), "{what}");
    }
}

/// What everybody is told of a file that cannot be used, and that it grants nothing.
async fn require_told(world: &World, codes: &[&str]) {
    let acme = world.acme_by("ada");
    let invited = code(acme.invite("new@example.com", members()).await);
    assert!(codes.contains(&invited), "{invited}");
    let may = code(world.invite.organization("acme").may("bob", "posts.create").await);
    assert!(codes.contains(&may), "{may}");
    let sent = code(world.courier().run_once(10).await);
    assert!(codes.contains(&sent), "{sent}");
}

const PAGE: usize = 4096;

/// A service on another file, at the same time.
fn service(world: &World, storage: SqliteStorage) -> Invitations {
    let service = Invitations::builder(storage, AccessModel::preset(), tests::keyring());
    service.base_url("https://app.example/join").clock(world.clock.clone()).build().unwrap()
}

fn all_of(asked: Vec<(&'static str, Result<String, Error>)>) -> BTreeMap<&'static str, String> {
    asked.into_iter().map(|(name, found)| (name, found.unwrap())).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// The directory of the file is taken away while the service runs: it acknowledges nothing that would be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_gone_is_told() {
    let world = world().await;
    let (here, elsewhere) = (world.store.directory().unwrap(), tempfile::tempdir().unwrap());
    let away = elsewhere.path().join("away");
    fs::rename(&here, &away).unwrap();
    require_told(&world, &["storage-unavailable"]).await;
    fs::rename(&away, &here).unwrap();
    let acme = world.acme_by("ada");
    acme.invite("new@example.com", members()).await.unwrap();
    let another = world.another_process();
    assert_eq!(another.acme_by("ada").waiting().await, acme.waiting().await);
    assert_eq!(acme.waiting().await.len(), 3, "what was not acknowledged is not there");
}

/// Another file lies in the place of the one that was opened, as after a restore under a running service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_replaced_is_told() {
    let world = world().await;
    let (here, elsewhere) = (world.store.directory().unwrap(), tempfile::tempdir().unwrap());
    let backup = elsewhere.path().join("backup");
    copy(&here, &backup);
    fs::rename(&here, elsewhere.path().join("away")).unwrap();
    copy(&backup, &here);
    require_told(&world, &["storage-unavailable"]).await;
    let another = world.another_process();
    another.acme_by("ada").invite("new@example.com", members()).await.unwrap();
    assert_eq!(another.acme_by("ada").waiting().await.len(), 3);
}

/// The header of the file is overwritten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_no_database_is_told() {
    let world = world().await;
    let path = path(&world);
    // All of it into the one file, and nobody has it open.
    let db = Connection::open(&path).unwrap();
    db.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
    drop(db);
    let whole = fs::read(&path).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("invite.db");
    for (from, to) in [(0, 16), (0, 100), (0, whole.len())] {
        let mut damaged = whole.clone();
        damaged[from..to].fill(b'?');
        fs::write(&file, &damaged).unwrap();
        let error = SqliteStorage::open(&file).unwrap_err();
        assert!(error.is_corrupt(), "{from}..{to}: {error:?}");
        assert_eq!(fs::read(&file).unwrap(), damaged, "it is left as it is");
    }
    fs::write(&file, &whole).unwrap();
    let storage = SqliteStorage::open(&file).unwrap();
    let service = service(&world, storage);
    assert_eq!(service.organization("acme").by("ada").waiting().await, world.acme_by("ada").waiting().await);
}

/// A page of the file is overwritten, each in its turn: nothing is granted or invented.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_were_overwritten_are_told() {
    let world = world().await;
    let path = path(&world);
    let before = all_of(asked(&world.acme_by("ada")).await);
    let whole = {
        let db = Connection::open(&path).unwrap();
        db.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
        fs::read(&path).unwrap()
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("invite.db");
    let mut told = 0;
    for page in 1..whole.len() / PAGE {
        let mut damaged = whole.clone();
        damaged[page * PAGE..(page + 1) * PAGE].fill(0xff);
        fs::write(&file, &damaged).unwrap();
        let Ok(storage) = SqliteStorage::open(&file).inspect_err(|error| assert!(error.is_corrupt())) else {
            continue;
        };
        let service = service(&world, storage);
        for (name, found) in asked(&service.organization("acme").by("ada")).await {
            match found {
                Ok(found) => assert_eq!(found, before[name], "{name}, page {page}"),
                Err(error) => {
                    told += 1;
                    assert_eq!(error.code(), "storage-corrupt", "{name}, page {page}");
                }
            }
        }
    }
    assert!(told > 0);
    fs::write(&file, &whole).unwrap();
    let mended = service(&world, SqliteStorage::open(&file).unwrap());
    assert_eq!(all_of(asked(&mended.organization("acme").by("ada")).await), before);
}

/// A file without tables, and one of a later release: the cause says what to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_does_not_fit_names_the_remedy() {
    let world = world().await;
    let db = Connection::open(path(&world)).unwrap();
    let schema = |error: Error| match error {
        Error::Storage(storage) => *storage.source().unwrap().downcast_ref::<SchemaError>().unwrap(),
        error => panic!("{error}"),
    };
    let acme = world.acme_by("ada");
    let before = acme.names().await;
    for (damage, repair, remedy) in [
        (
            "insert into invite_migrations values (99)",
            "delete from invite_migrations where version = 99",
            "use a newer one",
        ),
        (
            "update invite_migrations set version = 0",
            "update invite_migrations set version = 1",
            "run migrate() first",
        ),
        (
            "alter table invite_migrations rename to hidden",
            "alter table hidden rename to invite_migrations",
            "run migrate() first",
        ),
    ] {
        db.execute_batch(damage).unwrap();
        require_told(&world, &["storage-failed"]).await;
        let error = acme.organization().get().await.unwrap_err();
        assert!(error.remedy().contains("cause"), "{}", error.remedy());
        assert!(schema(error).to_string().contains(remedy), "{damage}");
        db.execute_batch(repair).unwrap();
        assert_eq!(acme.names().await, before);
    }
    acme.invite("new@example.com", members()).await.unwrap();
}
