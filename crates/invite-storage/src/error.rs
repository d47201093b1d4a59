//! What can go wrong in a store.

use std::error::Error;
use std::fmt;

/// A store could not do what was asked.
///
/// `Display` says what kind of failure it is; `source()` is the cause as the database told it.
#[derive(Debug)]
pub struct StorageError {
    kind: Kind,
    source: Box<dyn Error + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unavailable,
    OutcomeUnknown,
    Corrupt,
    Other,
}

type Source = Box<dyn Error + Send + Sync>;

impl StorageError {
    /// The store cannot be reached, or is busy, full or read-only. Nothing was changed; trying again may help.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self { kind: Kind::Unavailable, source: source.into() }
    }

    /// A commit was sent and its reply was lost: it is written or not.
    pub fn outcome_unknown(source: impl Into<Source>) -> Self {
        Self { kind: Kind::OutcomeUnknown, source: source.into() }
    }

    /// A stored row cannot be understood. Nothing was changed; trying again does not help.
    pub fn corrupt(source: impl Into<Source>) -> Self {
        Self { kind: Kind::Corrupt, source: source.into() }
    }

    /// Anything else. Nothing was changed.
    pub fn other(source: impl Into<Source>) -> Self {
        Self { kind: Kind::Other, source: source.into() }
    }

    /// Whether trying again may help. Nothing was changed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }

    /// Whether a commit may have been written (STO-4).
    #[must_use]
    pub fn is_outcome_unknown(&self) -> bool {
        self.kind == Kind::OutcomeUnknown
    }

    /// Whether a stored row cannot be understood.
    #[must_use]
    pub fn is_corrupt(&self) -> bool {
        self.kind == Kind::Corrupt
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Unavailable => "the store is not available",
            Kind::OutcomeUnknown => "the reply of the store was lost, and the outcome is unknown",
            Kind::Corrupt => "a stored row cannot be understood",
            Kind::Other => "the store failed",
        })
    }
}

impl Error for StorageError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

/// Why a commit was not written.
#[derive(Debug, thiserror::Error)]
#[allow(
    clippy::exhaustive_enums,
    reason = "callers treat both: a conflict is decided again, a failure is not"
)]
pub enum CommitError {
    /// The organization is not at the version that was decided on. Load and decide again.
    #[error("the organization changed since it was read")]
    Conflict,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
