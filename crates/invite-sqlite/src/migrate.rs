//! Tables: forward only, each step in one transaction.

use rusqlite::{Connection, OptionalExtension};

use crate::error::{Failure, SchemaError};
use crate::pool::immediate;
use crate::sql;

/// The steps so far. A step that was released is never edited.
const STEPS: &[&str] = &[include_str!("../sql/migrations/0001.sql")];

const OWN_TABLE: &str =
    "create table if not exists invite_migrations (version integer not null primary key) strict";
const HAS_OWN_TABLE: &str = "select 1 from sqlite_master where type = 'table' and name = 'invite_migrations'";
const DONE: &str = "insert into invite_migrations (version) values (?1)";

/// Takes every step that the database has not seen. Of several processes each step is taken by one.
pub(crate) fn migrate(connection: &Connection) -> Result<(), Failure> {
    for (version, step) in (1_u32..).zip(STEPS) {
        immediate(connection, |connection| {
            let found = version_of(connection)?.unwrap_or_default();
            if found > known() {
                return Err(Failure::Schema(SchemaError::Newer { found, known: known() }));
            }
            if found < version {
                connection.execute_batch(OWN_TABLE)?;
                connection.execute_batch(step)?;
                connection.execute(DONE, [version])?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Requires the tables of this release.
pub(crate) fn require(connection: &Connection) -> Result<(), Failure> {
    let known = known();
    Err(Failure::Schema(match version_of(connection)? {
        Some(found) if found == known => return Ok(()),
        Some(found) if found > known => SchemaError::Newer { found, known },
        Some(found) => SchemaError::Older { found, known },
        None => SchemaError::Missing,
    }))
}

/// Requires that no later release migrated the database.
pub(crate) fn require_not_newer(connection: &Connection) -> Result<(), Failure> {
    match require(connection) {
        Err(Failure::Schema(SchemaError::Missing | SchemaError::Older { .. })) => Ok(()),
        other => other,
    }
}

fn known() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// The version of the tables; `None` without any.
fn version_of(connection: &Connection) -> Result<Option<u32>, Failure> {
    let read = || connection.prepare_cached(sql::SCHEMA_VERSION)?.query_row([], |row| row.get(0));
    read().or_else(|_| {
        let there = connection.query_row(HAS_OWN_TABLE, [], |_| Ok(())).optional()?;
        // Another process may have made the table meanwhile; whatever else went wrong does so again.
        if there.is_none() { Ok(None) } else { Ok(read()?) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_again_changes_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        assert!(matches!(require(&connection), Err(Failure::Schema(SchemaError::Missing))));
        migrate(&connection).unwrap();
        let changes = connection.total_changes();
        migrate(&connection).unwrap();
        assert_eq!(connection.total_changes(), changes);
        require(&connection).unwrap();
    }

    #[test]
    fn a_newer_schema_is_refused_and_an_older_one_must_be_migrated() {
        let connection = Connection::open_in_memory().unwrap();
        migrate(&connection).unwrap();
        connection.execute(DONE, [known() + 1]).unwrap();
        let newer = SchemaError::Newer { found: known() + 1, known: known() };
        assert!(matches!(require(&connection), Err(Failure::Schema(error)) if error == newer));
        assert!(matches!(require_not_newer(&connection), Err(Failure::Schema(error)) if error == newer));
        assert!(matches!(migrate(&connection), Err(Failure::Schema(error)) if error == newer));

        connection.execute("delete from invite_migrations", []).unwrap();
        connection.execute(DONE, [0]).unwrap();
        assert!(matches!(require(&connection), Err(Failure::Schema(SchemaError::Older { .. }))));
        require_not_newer(&connection).unwrap();
    }

    #[test]
    fn a_step_that_fails_leaves_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("create table invite_deliveries (id)").unwrap();
        assert!(migrate(&connection).is_err());
        assert!(connection.is_autocommit());
        assert!(matches!(require(&connection), Err(Failure::Schema(SchemaError::Missing))));
    }
}
