//! What goes wrong, and what kind of failure it is.

use std::error::Error;

use invite_core::OrganizationId;
use invite_storage::{CommitError, StorageError};

type Source = Box<dyn Error + Send + Sync>;

/// The tables of the database are not those of this release.
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

/// No transaction is open on the connection that a host lent: it was not begun, or it has ended.
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
    pub(crate) source: Source,
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

/// Why something between the store and the database failed.
#[derive(Debug)]
pub struct Failure {
    why: Why,
}

#[derive(Debug)]
enum Why {
    /// The server refused a statement.
    Refused {
        code: String,
        constraint: Option<String>,
        source: Source,
    },
    /// No connection could be had, or it broke while nothing was written.
    Unavailable(Source),
    /// It broke after a commit was sent.
    OutcomeUnknown(Source),
    Unreadable(Unreadable),
    Missing(Missing),
    InAList(UnreadableRow),
    Schema(SchemaError),
    Other(Source),
}

impl Failure {
    /// The server refused a statement, with this SQLSTATE, and because of this constraint if it was one. Nothing was
    /// written.
    pub fn refused(
        code: impl Into<String>,
        constraint: Option<impl Into<String>>,
        source: impl Into<Source>,
    ) -> Self {
        let (code, constraint) = (code.into(), constraint.map(Into::into));
        Self { why: Why::Refused { code, constraint, source: source.into() } }
    }

    /// No connection could be had, or it broke before a commit was sent. Nothing was written.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self { why: Why::Unavailable(source.into()) }
    }

    /// The connection broke after a commit was sent: it was written or not.
    pub fn outcome_unknown(source: impl Into<Source>) -> Self {
        Self { why: Why::OutcomeUnknown(source.into()) }
    }

    /// Anything else. Nothing was written.
    pub fn other(source: impl Into<Source>) -> Self {
        Self { why: Why::Other(source.into()) }
    }

    pub(crate) fn schema(error: SchemaError) -> Self {
        Self { why: Why::Schema(error) }
    }

    pub(crate) fn missing(what: &'static str) -> Self {
        Self { why: Why::Missing(Missing { what }) }
    }

    pub(crate) fn unreadable(column: &str, source: impl Into<Source>) -> Self {
        Self { why: Why::Unreadable(Unreadable { column: column.to_owned(), source: source.into() }) }
    }

    /// Whether a row is to blame, and other rows may be good.
    pub(crate) fn is_corrupt_row(&self) -> bool {
        matches!(self.why, Why::Unreadable(_) | Why::Missing(_) | Why::InAList(_))
    }

    /// Says of which organization the row is that is to blame, where the caller asked for no one organization.
    pub(crate) fn of(self, organization: &OrganizationId) -> Self {
        if !self.is_corrupt_row() {
            return self;
        }
        let row = UnreadableRow { organization: organization.to_string(), source: self.into() };
        Self { why: Why::InAList(row) }
    }

    /// Whether the schema or the migration table is not there.
    pub(crate) fn is_missing_schema(&self) -> bool {
        matches!(self.code(), Some("3F000" | "42P01"))
    }

    /// Whether the server knows something in the statement in another form, or not at all.
    pub(crate) fn is_unknown_form(&self) -> bool {
        self.code().is_some_and(|code| code.starts_with("42") || code == "3F000")
    }

    /// Whether what asks for a transaction was sent outside of one.
    pub(crate) fn is_without_transaction(&self) -> bool {
        self.code() == Some("25P01")
    }

    /// Whether the server could not put it in an order with what others did.
    pub(crate) fn is_serialization(&self) -> bool {
        self.code() == Some("40001")
    }

    /// Whether something may have been written.
    pub(crate) fn is_outcome_unknown(&self) -> bool {
        matches!(self.why, Why::OutcomeUnknown(_)) || matches!(self.code(), Some("08007" | "40003"))
    }

    /// Whether deciding again helps. The statements of a commit divide by zero where a row is not as it must be.
    pub(crate) fn is_conflict(&self) -> bool {
        match &self.why {
            Why::Refused { code, constraint, .. } => match code.as_str() {
                "23505" => constraint.as_deref().is_some_and(is_key),
                "22012" | "40001" | "40P01" => true,
                _ => false,
            },
            _ => false,
        }
    }

    fn code(&self) -> Option<&str> {
        match &self.why {
            Why::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// The names of the keys of tables that a commit inserts into.
const KEYS: &[&str] = &[
    "commands_pkey",
    "deliveries_pkey",
    "events_pkey",
    "former_pkey",
    "group_members_pkey",
    "groups_pkey",
    "invitation_groups_pkey",
    "invitations_pkey",
    "limits_pkey",
    "link_groups_pkey",
    "links_pkey",
    "members_pkey",
    "organizations_pkey",
    "places_pkey",
    "requests_pkey",
    "suppressions_pkey",
];

/// Whether a constraint is one of them. On Citus each shard has it with a number behind.
fn is_key(constraint: &str) -> bool {
    let (name, shard) = constraint.rsplit_once('_').unwrap_or((constraint, ""));
    let is_shard = !shard.is_empty() && shard.bytes().all(|byte| byte.is_ascii_digit());
    KEYS.contains(if is_shard { &name } else { &constraint })
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        match failure.why {
            Why::Refused { code, source, .. } => sort(&code, source),
            Why::Unavailable(source) => Self::unavailable(source),
            Why::OutcomeUnknown(source) => Self::outcome_unknown(source),
            Why::Unreadable(unreadable) => Self::corrupt(unreadable),
            Why::Missing(missing) => Self::corrupt(missing),
            Why::InAList(row) => Self::corrupt(row),
            Why::Schema(schema) => Self::other(schema),
            Why::Other(source) => Self::other(source),
        }
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        if failure.is_conflict() { Self::Conflict } else { Self::Storage(failure.into()) }
    }
}

/// By SQLSTATE: two signs of class, three of what it is.
fn sort(code: &str, source: Source) -> StorageError {
    match (code.get(..2).unwrap_or_default(), code) {
        // "Transaction resolution unknown", "statement completion unknown".
        (_, "08007" | "40003") => StorageError::outcome_unknown(source),
        // Connections, serialization and deadlocks, resources, operator intervention such as a timeout or a shutdown.
        ("08" | "40" | "53" | "57" | "58", _) => StorageError::unavailable(source),
        // A server that only reads; a lock that was not to be had in time; an idle transaction that was ended.
        (_, "25006" | "55P03" | "25P03") => StorageError::unavailable(source),
        (_, "XX001" | "XX002") => StorageError::corrupt(source),
        _ => StorageError::other(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, constraint: Option<&str>) -> Failure {
        Failure::refused(code, constraint, "said by the server")
    }

    fn stored(code: &str) -> StorageError {
        refused(code, None).into()
    }

    fn is_conflict(code: &str, constraint: Option<&str>) -> bool {
        matches!(CommitError::from(refused(code, constraint)), CommitError::Conflict)
    }

    #[test]
    fn what_may_pass_is_unavailable_and_what_was_damaged_is_corrupt() {
        for code in ["08006", "40001", "40P01", "53300", "53100", "57014", "57P01", "57P03", "25006", "55P03"]
        {
            assert!(stored(code).is_unavailable(), "{code}");
        }
        assert!(stored("XX001").is_corrupt());
        for code in ["23505", "22012", "42601", "42501", ""] {
            let error = stored(code);
            assert!(!error.is_unavailable() && !error.is_corrupt() && !error.is_outcome_unknown(), "{code}");
        }
    }

    #[test]
    fn a_taken_key_is_a_conflict_and_another_constraint_is_not() {
        for key in KEYS {
            assert!(is_conflict("23505", Some(key)), "{key}");
            assert!(is_conflict("23505", Some(&format!("{key}_102008"))), "on a shard");
        }
        assert!(
            !is_conflict("23505", Some("users_pkey_102008")) && !is_conflict("23505", Some("places_pkey_x"))
        );
        assert!(!is_conflict("23505", Some("users_pkey")) && !is_conflict("23505", None));
        assert!(!is_conflict("23502", Some("places_pkey")) && !is_conflict("23514", None));
        for code in ["22012", "40001", "40P01"] {
            assert!(is_conflict(code, None), "{code}");
        }
    }

    /// STO-4
    #[test]
    fn a_connection_that_broke_after_a_commit_is_told_as_such() {
        assert!(StorageError::from(Failure::outcome_unknown("gone")).is_outcome_unknown());
        assert!(stored("08007").is_outcome_unknown() && stored("40003").is_outcome_unknown());
        assert!(StorageError::from(Failure::unavailable("gone")).is_unavailable());
    }
}
