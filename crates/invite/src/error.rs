//! What can go wrong.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use invite_core::{
    Fault, InvalidContinueUrl, InvalidEmail, InvalidId, InvalidToken, Refusal, TimeOutOfRange,
};
use invite_mailer::{InvalidUrl, MailError, TemplateError};
use invite_storage::{CommitError, InvalidCursor, StorageError};

use crate::directory::DirectoryError;
use crate::entropy::NoEntropy;

/// Input that cannot be what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidInput {
    /// An id.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// An address.
    #[error(transparent)]
    Email(#[from] InvalidEmail),
    /// An idempotency key.
    #[error("an idempotency key must be 1 to 255 bytes without control characters")]
    Key,
    /// The system, where it must be a user.
    #[error("only a user can do this, not the system")]
    NoUser,
}

/// Any refusal, of whatever operation.
#[derive(Debug)]
pub struct AnyRefusal(Box<dyn Refusal>);

impl AnyRefusal {
    /// The refusal itself.
    #[must_use]
    pub fn as_refusal(&self) -> &dyn Refusal {
        self.0.as_ref()
    }
}

impl fmt::Display for AnyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl StdError for AnyRefusal {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// What can go wrong with a command: `R` is the refusal of its operation.
///
/// Every `Error<R>` converts into `Error`, so that `?` works across operations.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<R = AnyRefusal> {
    /// A rule says no. Nothing was changed.
    #[error("{0}")]
    Refused(R),
    /// There is no organization of that id.
    #[error("there is no such organization")]
    UnknownOrganization,
    /// The input cannot be what it should be. Nothing was changed.
    #[error(transparent)]
    Invalid(#[from] InvalidInput),
    /// The idempotency key was used for another command. Nothing was changed (LIF-12).
    #[error("the idempotency key was used for another command")]
    KeyReused,
    /// Too many commands wait for this organization. Nothing was changed.
    #[error("too many commands wait for this organization")]
    Busy,
    /// In a transaction of the host: somebody else changed the organization after the transaction had begun to read.
    /// Roll it back and run it again; one that takes its lock when it begins does not conflict.
    #[error("the organization changed since the transaction began to read")]
    Conflict,
    /// The store failed. Unless [`StorageError::is_outcome_unknown`], nothing was changed.
    #[error(transparent)]
    Storage(Arc<StorageError>),
    /// A cursor is not one of the list.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// A text is no token.
    #[error(transparent)]
    Token(#[from] InvalidToken),
    /// A mailer failed.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A template failed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The host's directory failed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The service cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There were no random numbers.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    /// The clock gives a time that cannot be kept.
    #[error(transparent)]
    Time(#[from] TimeOutOfRange),
    /// A bug of ours. Nothing was changed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The task that was to perform the command ended before it did. Whether the command was performed is not
    /// known; an idempotency key makes a repeat safe.
    #[error("the command was interrupted")]
    Interrupted,
}

impl<R> Error<R> {
    /// The same error, with another refusal.
    pub fn map_refusal<S>(self, refusal: impl FnOnce(R) -> S) -> Error<S> {
        match self {
            Self::Refused(reason) => Error::Refused(refusal(reason)),
            Self::UnknownOrganization => Error::UnknownOrganization,
            Self::Invalid(why) => Error::Invalid(why),
            Self::KeyReused => Error::KeyReused,
            Self::Busy => Error::Busy,
            Self::Conflict => Error::Conflict,
            Self::Storage(why) => Error::Storage(why),
            Self::Cursor(why) => Error::Cursor(why),
            Self::Token(why) => Error::Token(why),
            Self::Mail(why) => Error::Mail(why),
            Self::Template(why) => Error::Template(why),
            Self::Directory(why) => Error::Directory(why),
            Self::Build(why) => Error::Build(why),
            Self::Entropy(why) => Error::Entropy(why),
            Self::Time(why) => Error::Time(why),
            Self::Fault(why) => Error::Fault(why),
            Self::Interrupted => Error::Interrupted,
        }
    }

    /// The refusal, if a rule said no.
    pub fn refused(&self) -> Option<&R> {
        match self {
            Self::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    fn code_of_failure(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::UnknownOrganization => "unknown-organization",
            Self::Invalid(_) => "invalid-input",
            Self::KeyReused => "idempotency-key-reused",
            Self::Busy => "busy",
            Self::Conflict => "conflict",
            Self::Storage(why) if why.is_outcome_unknown() => "outcome-unknown",
            Self::Storage(why) if why.is_unavailable() => "storage-unavailable",
            Self::Storage(why) if why.is_corrupt() => "storage-corrupt",
            Self::Storage(_) => "storage-failed",
            Self::Cursor(_) => "invalid-cursor",
            Self::Token(_) => "unknown-token",
            Self::Mail(_) => "mail-failed",
            Self::Template(_) => "template-failed",
            Self::Directory(_) => "directory-failed",
            Self::Build(_) => "not-built",
            Self::Entropy(_) => "no-entropy",
            Self::Time(_) => "time-out-of-range",
            Self::Fault(_) => "fault",
            Self::Interrupted => "interrupted",
        }
    }

    fn remedy_of_failure(&self) -> String {
        match self {
            Self::UnknownOrganization => "check the id of the organization",
            Self::Invalid(_) | Self::Cursor(_) | Self::Build(_) => "correct the input",
            Self::Token(_) => "check that the whole link was copied, or ask for a new invitation",
            Self::KeyReused => "use a new key for a new command",
            Self::Busy => "try again in a moment",
            Self::Conflict => {
                "roll the transaction back and run it again, with its lock taken when it begins"
            }
            Self::Storage(why) if why.is_unavailable() => "try again in a moment: nothing was changed",
            Self::Storage(why) if why.is_corrupt() => {
                "repair what the cause names, or restore it from a backup: trying again does not help"
            }
            Self::Storage(why) if !why.is_outcome_unknown() => "see the cause: nothing was changed",
            Self::Storage(_) | Self::Interrupted => {
                "try again, with the same idempotency key if the outcome is unknown"
            }
            _ => "see the cause",
        }
        .to_owned()
    }
}

impl<R: Refusal> Error<R> {
    /// A stable name to switch on, in kebab-case: of the refusal, or of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.refused().map_or_else(|| self.code_of_failure(), Refusal::code)
    }

    /// The rule behind a refusal: the id of a requirement or behaviour.
    #[must_use]
    pub fn rule(&self) -> Option<&'static str> {
        self.refused().map(Refusal::rule)
    }

    /// What would fix it.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.refused().map_or_else(|| self.remedy_of_failure(), Refusal::remedy)
    }
}

impl Error<AnyRefusal> {
    /// A stable name to switch on, in kebab-case: of the refusal, or of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.refused().map_or_else(|| self.code_of_failure(), |refusal| refusal.as_refusal().code())
    }

    /// The rule behind a refusal: the id of a requirement or behaviour.
    #[must_use]
    pub fn rule(&self) -> Option<&'static str> {
        self.refused().map(|refusal| refusal.as_refusal().rule())
    }

    /// What would fix it.
    #[must_use]
    pub fn remedy(&self) -> String {
        self.refused().map_or_else(|| self.remedy_of_failure(), |refusal| refusal.as_refusal().remedy())
    }
}

impl<R> From<StorageError> for Error<R> {
    fn from(why: StorageError) -> Self {
        Self::Storage(Arc::new(why))
    }
}

impl<R> From<CommitError> for Error<R> {
    fn from(why: CommitError) -> Self {
        match why {
            CommitError::Conflict => Self::Conflict,
            CommitError::Storage(why) => why.into(),
        }
    }
}

impl<R: Refusal> From<Error<R>> for Error<AnyRefusal> {
    fn from(error: Error<R>) -> Self {
        error.map_refusal(|reason| AnyRefusal(Box::new(reason)))
    }
}

impl<R> From<InvalidId> for Error<R> {
    fn from(why: InvalidId) -> Self {
        Self::Invalid(why.into())
    }
}

impl<R> From<InvalidEmail> for Error<R> {
    fn from(why: InvalidEmail) -> Self {
        Self::Invalid(why.into())
    }
}

/// Why the service cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No base URL was given, and links are built from nothing else (WEB-1).
    #[error("the base URL of links is missing; set it with `base_url`")]
    NoBaseUrl,
    /// The base URL is not one.
    #[error("the base URL of links is not valid")]
    BaseUrl(#[from] InvalidUrl),
    /// A page that invitations and links may lead on to is not one that can be.
    #[error(transparent)]
    ContinueUrl(#[from] InvalidContinueUrl),
}
