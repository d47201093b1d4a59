//! Tables: forward only, all steps in one transaction.

use std::convert::Infallible;

use crate::columns::Row;
use crate::error::{Failure, SchemaError};
use crate::sql;
use crate::statement::{Connection, Statement, Within, first};
use crate::value::Value;

/// The steps so far. A step that was released is never edited.
const STEPS: &[&str] = &[include_str!("../sql/migrations/0001.sql")];

/// Of several processes that migrate at once, the others wait for the first. The lock ends with the transaction.
const LOCK: &str = "select pg_advisory_xact_lock(7600217308498137721)";
const HAS_OWN_TABLE: &str =
    "select 1 from pg_tables where schemaname = 'invite' and tablename = 'migrations'";
const HAS_SCHEMA: &str = "select 1 from pg_namespace where nspname = 'invite'";
const SCHEMA: &str = "create schema invite";
const OWN_TABLE: &str = "create table invite.migrations (version bigint not null primary key)";
const DONE: &str = "insert into invite.migrations (version) values ($1)";

/// Takes every step that the database has not seen. A role that may not create anything can do it where nothing is left to
/// do.
pub(crate) async fn migrate<C: Connection>(connection: &mut C) -> Result<(), Failure> {
    let asked = [LOCK, HAS_SCHEMA, HAS_OWN_TABLE].map(|sql| Statement::new(sql, vec![]));
    let answers = connection.run(Within::Begin, &asked).await?;
    let is_there = |n: usize| answers.get(n).is_some_and(|rows| !rows.is_empty());
    if !is_there(1) {
        connection.script(SCHEMA).await?;
    }
    if !is_there(2) {
        connection.script(OWN_TABLE).await?;
    }
    let (found, _) = version(connection).await?;
    let found = found.unwrap_or_default();
    if found > known() {
        return Err(Failure::schema(SchemaError::Newer { found, known: known() }));
    }
    let mut done = Vec::new();
    for (version, step) in (1_u32..).zip(STEPS).skip_while(|(version, _)| *version <= found) {
        connection.script(step).await?;
        done.push(Statement::new(DONE, vec![Value::integer(version)]));
    }
    connection.run(Within::Commit, &done).await?;
    Ok(())
}

/// Requires the tables of this release; says whether a statement by itself is read committed.
pub(crate) async fn require<C: Connection>(connection: &mut C) -> Result<bool, Failure> {
    let (found, is_read_committed) = match version(connection).await {
        Err(failure) if failure.is_missing_schema() => (None, false),
        found => found?,
    };
    require_version(found)?;
    Ok(is_read_committed)
}

pub(crate) fn require_version(found: Option<u32>) -> Result<(), Failure> {
    let known = known();
    Err(Failure::schema(match found {
        Some(found) if found == known => return Ok(()),
        Some(found) if found > known => SchemaError::Newer { found, known },
        Some(found) => SchemaError::Older { found, known },
        None => SchemaError::Missing,
    }))
}

fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// The version of the tables, `None` without any, and whether a statement by itself is read committed.
async fn version<C: Connection>(connection: &mut C) -> Result<(Option<u32>, bool), Failure> {
    let brought = connection.run(Within::Open, &[Statement::new(sql::SCHEMA_VERSION, vec![])]).await?;
    version_in(brought.first().map_or(&[], Vec::as_slice))
}

pub(crate) fn version_in<R: Row>(rows: &[R]) -> Result<(Option<u32>, bool), Failure> {
    let isolation = |level: &str| Ok::<_, Infallible>(level == "read committed");
    let brought = first(rows, |columns| Ok((columns.option()?, columns.parsed(isolation)?)))?;
    Ok(brought.unwrap_or_default())
}
