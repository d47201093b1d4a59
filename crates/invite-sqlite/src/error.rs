//! What goes wrong, and what kind of failure it is.

use std::error::Error;

use invite_core::OrganizationId;
use invite_storage::{CommitError, StorageError};
use rusqlite::{ErrorCode, ffi};

/// The tables of the file are not those of this release.
///
/// It is the `source()` of the [`StorageError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// There are none.
    #[error("the database has no tables of invite: run migrate() first")]
    Missing,
    /// They are those of an earlier release.
    #[error("the tables of invite are at version {found}, and {known} is needed: run migrate() first")]
    Older {
        /// The version of the tables.
        found: u32,
        /// The version that this release knows.
        known: u32,
    },
    /// They are those of a later release.
    #[error("the tables of invite are at version {found}, and this release knows {known}: use a newer one")]
    Newer {
        /// The version of the tables.
        found: u32,
        /// The version that this release knows.
        known: u32,
    },
}

/// The file that was opened does not lie under its path any more: it was moved, replaced or deleted. What would be
/// written to it nobody else would see.
///
/// It is the `source()` of the [`StorageError`], which [is unavailable](StorageError::is_unavailable).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file was moved, replaced or deleted since it was opened: put it back, or open the new one")]
#[non_exhaustive]
pub struct FileMoved;

/// No transaction is open on the connection of a [`SqliteTransaction`](crate::SqliteTransaction): it was not begun,
/// or SQLite rolled it back by itself, as it does when the disk is full.
///
/// It is the `source()` of the [`StorageError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no transaction is open on the connection")]
#[non_exhaustive]
pub struct NoTransaction;

/// A column that holds what nobody wrote there.
#[derive(Debug, thiserror::Error)]
#[error("column {column} cannot be read")]
pub(crate) struct Unreadable {
    pub(crate) column: String,
    pub(crate) source: Box<dyn Error + Send + Sync>,
}

/// A row that another one names is not there.
#[derive(Debug, thiserror::Error)]
#[error("a row names an {what} that is not there")]
pub(crate) struct Missing {
    what: &'static str,
}

/// A delivery that cannot be sent, because it or what it is about cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("delivery {delivery} of organization {organization:?} cannot be read")]
pub(crate) struct UnreadableDelivery {
    pub(crate) organization: String,
    pub(crate) delivery: String,
    pub(crate) source: StorageError,
}

/// A row in a list across organizations that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("a row of organization {organization:?} cannot be read")]
pub(crate) struct UnreadableRow {
    organization: String,
    source: StorageError,
}

/// Why something inside of this crate failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Sqlite(rusqlite::Error),
    /// The statement that failed was `COMMIT`.
    AtCommit(rusqlite::Error),
    Conflict,
    Unreadable(Unreadable),
    Missing(Missing),
    InAList(UnreadableRow),
    Schema(SchemaError),
    Moved,
    Other(Box<dyn Error + Send + Sync>),
}

impl Failure {
    pub(crate) fn other(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(source.into())
    }

    pub(crate) fn missing(what: &'static str) -> Self {
        Self::Missing(Missing { what })
    }

    /// Whether a row is to blame, and other rows may be good.
    pub(crate) fn is_corrupt_row(&self) -> bool {
        matches!(self, Self::Unreadable(_) | Self::Missing(_) | Self::InAList(_))
    }

    /// Says of which organization the row is that is to blame, where the caller asked for no one organization.
    pub(crate) fn of(self, organization: &OrganizationId) -> Self {
        if !self.is_corrupt_row() {
            return self;
        }
        Self::InAList(UnreadableRow { organization: organization.to_string(), source: self.into() })
    }

    /// Whether waiting may help.
    pub(crate) fn is_busy(&self) -> bool {
        let code = match self {
            Self::Sqlite(error) | Self::AtCommit(error) => error.sqlite_error_code(),
            _ => None,
        };
        matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        match failure {
            // Such as an I/O error while the log is synced: the log may hold the commit all the same.
            Failure::AtCommit(error) if !is_not_written(&error) => Self::outcome_unknown(error),
            Failure::Sqlite(error) | Failure::AtCommit(error) => sort(error),
            Failure::Unreadable(unreadable) => Self::corrupt(unreadable),
            Failure::Missing(missing) => Self::corrupt(missing),
            Failure::InAList(row) => Self::corrupt(row),
            Failure::Schema(schema) => Self::other(schema),
            Failure::Moved => Self::unavailable(FileMoved),
            Failure::Conflict => Self::other("a row changed while it was locked"),
            Failure::Other(source) => Self::other(source),
        }
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict => Self::Conflict,
            Failure::Sqlite(error) if is_taken_key(&error) || is_outrun(&error) => Self::Conflict,
            failure => Self::Storage(failure.into()),
        }
    }
}

fn sort(error: rusqlite::Error) -> StorageError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure,
        ) => StorageError::unavailable(error),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StorageError::corrupt(error),
        _ => StorageError::other(error),
    }
}

/// Whether a `COMMIT` that failed so has written nothing for certain.
fn is_not_written(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::ConstraintViolation
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::ReadOnly
        )
    )
}

/// Somebody wrote after the transaction had begun to read, so that it can never write.
fn is_outrun(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_BUSY_SNAPSHOT)
}

/// Every key of a table is its primary key, so a key that is taken shows as one of these.
fn is_taken_key(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_UNIQUE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    fn stored(failure: Failure) -> StorageError {
        failure.into()
    }

    #[test]
    fn what_may_pass_is_unavailable_and_what_was_damaged_is_corrupt() {
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_FULL,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_CANTOPEN,
        ] {
            assert!(stored(Failure::Sqlite(sqlite(code))).is_unavailable(), "{code}");
        }
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_NOTADB] {
            assert!(stored(Failure::Sqlite(sqlite(code))).is_corrupt(), "{code}");
        }
        let misuse = stored(Failure::Sqlite(sqlite(ffi::SQLITE_MISUSE)));
        assert!(!misuse.is_unavailable() && !misuse.is_corrupt() && !misuse.is_outcome_unknown());
    }

    /// STO-4
    #[test]
    fn unknown_is_said() {
        assert!(stored(Failure::AtCommit(sqlite(ffi::SQLITE_IOERR))).is_outcome_unknown());
        assert!(stored(Failure::AtCommit(sqlite(ffi::SQLITE_IOERR_FSYNC))).is_outcome_unknown());
        // What a hook says once the commit is in the log.
        assert!(stored(Failure::AtCommit(sqlite(ffi::SQLITE_ERROR))).is_outcome_unknown());
        for code in [ffi::SQLITE_BUSY, ffi::SQLITE_FULL, ffi::SQLITE_READONLY] {
            assert!(stored(Failure::AtCommit(sqlite(code))).is_unavailable(), "{code}");
        }
        assert!(!stored(Failure::Sqlite(sqlite(ffi::SQLITE_IOERR))).is_outcome_unknown());
    }

    #[test]
    fn a_taken_key_is_a_conflict_and_another_constraint_is_not() {
        let commit = |code| CommitError::from(Failure::Sqlite(sqlite(code)));
        assert!(matches!(commit(ffi::SQLITE_CONSTRAINT_PRIMARYKEY), CommitError::Conflict));
        assert!(matches!(commit(ffi::SQLITE_CONSTRAINT_UNIQUE), CommitError::Conflict));
        assert!(matches!(commit(ffi::SQLITE_CONSTRAINT_NOTNULL), CommitError::Storage(_)));
    }
}
