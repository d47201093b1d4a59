//! On an engine that spreads organizations over machines: which statements go to one, and which are of all.
//!
//! Tables partitioned by the organization stand for it. A plan that reads one partition of each table is a statement that
//! its organization routes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use invite_postgres_sql::STATEMENTS;
use invite_postgres_testing::Server;
use tokio_postgres::Client;

const TABLES: &str = include_str!("../../invite-postgres-sql/sql/migrations/0001.sql");
const PARTITIONS: u32 = 4;

/// Of people, mail and what ended, in whatever organizations they are. `docs/scale.md` names them.
const EVERYWHERE: &[&str] = &[
    "DROP_DELIVERIES",
    "FORGET_COMMANDS",
    "FORMER_MEMBERSHIPS",
    "HOLDERS_OF_ADDRESS",
    "HOLDERS_OF_BLOCKS",
    "HOLDERS_OF_MEMBER",
    "HOLDERS_OF_OPEN",
    "HOLDERS_OF_PAST",
    "HOLDERS_OF_RECORDS",
    "HOLDERS_OF_REQUESTS",
    "HOLDERS_OF_REQUESTS_BY",
    "HOLDERS_OF_REQUESTS_WITH",
    "INBOX",
    "LEASE",
    "MEMBERSHIPS",
    "NEXT_DUE",
    "REQUESTS_EVERYWHERE",
    "SUPPRESSIONS_EVERYWHERE",
    "SUPPRESSIONS_OF_LEASED",
    "UPDATE_ORGANIZATIONS",
    "WAITING",
];

/// Makes the tables with their keys as they are, each split by its organization.
async fn split(client: &Client) {
    let mut split = "create schema invite; create table invite.migrations (version bigint);".to_owned();
    let mut tables = Vec::new();
    for statement in TABLES.split_inclusive(";\n") {
        let table = statement.split_once("create table invite.").and_then(|(_, rest)| rest.split_once(' '));
        let by = match table {
            Some(("organizations", _)) => "id",
            Some(("blocks", _)) | None => {
                split.push_str(statement);
                continue;
            }
            Some(_) => "organization",
        };
        let body = statement.trim_end().trim_end_matches(';');
        split.push_str(&format!("{body} partition by hash ({by});\n"));
        tables.extend(table.map(|(name, _)| name));
    }
    assert_eq!(tables.len(), 16, "{tables:?}");
    for (table, n) in tables.iter().flat_map(|table| (0..PARTITIONS).map(move |n| (table, n))) {
        split.push_str(&format!(
            "create table invite.{table}_part{n} partition of invite.{table}
            for values with (modulus {PARTITIONS}, remainder {n});"
        ));
    }
    client.batch_execute(&split).await.unwrap_or_else(|error| panic!("{error:?}"));
}

/// Some value of a type.
fn value(of: &str) -> &'static str {
    match of {
        "text" => "'acme'",
        "text[]" => "'{acme,globex}'",
        "uuid" => "'00000000-0000-0000-0000-000000000001'",
        "uuid[]" => "'{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002}'",
        "timestamp with time zone" => "'2026-01-01'",
        "bigint" | "integer" => "1",
        "json" => "'{}'",
        _ => "null",
    }
}

/// The partitions that a statement reads, by table, and its plan.
async fn read(client: &Client, name: &str, sql: &str) -> (BTreeMap<String, BTreeSet<String>>, String) {
    client.batch_execute(&format!("prepare {name} as {sql}")).await.unwrap();
    let types = "select unnest(parameter_types)::text from pg_prepared_statements where name = lower($1)";
    let types = client.query(types, &[&name]).await.unwrap();
    let values = types.iter().map(|row| value(row.get(0))).collect::<Vec<_>>().join(", ");
    let values = if values.is_empty() { values } else { format!("({values})") };
    let plan = client.simple_query(&format!("explain (costs off) execute {name}{values}")).await.unwrap();
    let lines = plan.iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let plan = lines.collect::<Vec<_>>().join("\n");
    let mut read = BTreeMap::<_, BTreeSet<_>>::new();
    for line in plan.lines().filter(|line| line.contains("Scan")) {
        let mut names = line.split_whitespace().filter_map(|word| word.split_once("_part"));
        if let Some((table, partition)) = names.next_back() {
            read.entry(table.to_owned()).or_default().insert(partition[..1].to_owned());
        }
    }
    (read, plan)
}

#[tokio::test]
async fn every_statement_of_load_and_commit_goes_to_one_place() {
    let database = Server::shared().unwrap().empty_database().await.unwrap();
    let client = database.connect().await.unwrap();
    split(&client).await;
    client
        .batch_execute("set plan_cache_mode = force_generic_plan; set enable_bitmapscan = off")
        .await
        .unwrap();
    let mut everywhere = BTreeSet::new();
    let mut plans = String::new();
    for (name, sql) in STATEMENTS {
        let (read, plan) = read(&client, name, sql).await;
        if read.values().any(|partitions| partitions.len() > 1) {
            everywhere.insert(*name);
            if !EVERYWHERE.contains(name) {
                plans.push_str(&format!("{name}\n{plan}\n\n"));
            }
        }
    }
    assert_eq!(everywhere, BTreeSet::from_iter(EVERYWHERE.iter().copied()), "{plans}");
}

/// The same, seen to fail: without its organization, a statement reads all partitions.
#[tokio::test]
async fn a_statement_that_forgets_its_organization_is_seen() {
    let database = Server::shared().unwrap().empty_database().await.unwrap();
    let client = database.connect().await.unwrap();
    split(&client).await;
    client
        .batch_execute("set plan_cache_mode = force_generic_plan; set enable_bitmapscan = off")
        .await
        .unwrap();
    let mut seen = 0;
    for (name, sql) in STATEMENTS.iter().filter(|(name, _)| !EVERYWHERE.contains(name)) {
        for condition in ["where organization = $1 and", "where t.organization = $1 and"] {
            if sql.matches(condition).count() == 1 && sql.matches("organization = $1").count() == 1 {
                let forgetful = sql.replace(condition, "where $1::text is not null and");
                let (read, plan) = read(&client, name, &forgetful).await;
                assert!(read.values().any(|partitions| partitions.len() > 1), "{name}\n{plan}");
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "{seen}");
}
