//! Why a command did not do what was asked, and what to do about it.

use std::error::Error as StdError;
use std::fmt;

use invite::{AnyRefusal, BuildError, StorageError};

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The input cannot be what it should be.
    Input {
        /// What is the matter.
        message: String,
        /// What to do.
        remedy: String,
    },
    /// A rule of the library says no.
    Refused {
        /// What is the matter.
        message: String,
        /// The stable name of the refusal.
        code: &'static str,
        /// The rule.
        rule: &'static str,
        /// What to do.
        remedy: String,
    },
    /// Nothing of it could be done, and why was said for each item.
    Nothing(&'static str),
    /// Something failed that is no matter of input or rules: a disk, the database.
    Broken {
        /// What could not be done.
        what: String,
        /// Why.
        cause: String,
    },
}

impl Failure {
    pub(crate) fn input(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Input { message: message.into(), remedy: remedy.into() }
    }

    pub(crate) fn broken(what: impl Into<String>, cause: &(dyn StdError + 'static)) -> Self {
        Self::Broken { what: what.into(), cause: causes(cause) }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { .. } | Self::Nothing(_) => 1,
            Self::Input { .. } => 2,
            Self::Broken { .. } => 3,
        }
    }
}

/// An error with all its causes, on one line.
fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        let why_text = why.to_string();
        if !text.ends_with(&why_text) {
            text = format!("{text}: {why_text}");
        }
        cause = why.source();
    }
    text
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input { message, remedy } => writeln!(f, "team: {message}\n  do: {remedy}"),
            Self::Refused { message, code, rule, remedy } => {
                writeln!(f, "refused: {message}\n  code: {code} (rule {rule})\n  do: {remedy}")
            }
            Self::Nothing(message) => writeln!(f, "{message}"),
            Self::Broken { what, cause } => writeln!(f, "team: {what}: {cause}"),
        }
    }
}

/// Any error of the service, whatever the operation.
impl<R> From<invite::Error<R>> for Failure
where
    invite::Error<AnyRefusal>: From<invite::Error<R>>,
{
    fn from(error: invite::Error<R>) -> Self {
        let error = invite::Error::<AnyRefusal>::from(error);
        let (message, code, remedy) = (error.to_string(), error.code(), error.remedy());
        match (&error, error.rule()) {
            (_, Some(rule)) => Self::Refused { message, code, rule, remedy },
            (invite::Error::Invalid(_) | invite::Error::Token(_) | invite::Error::UnknownOrganization, _) => {
                Self::Input { message, remedy }
            }
            (invite::Error::KeyReused, _) => Self::Input { message, remedy },
            _ => Self::broken(code, &error),
        }
    }
}

/// What the service's error is made of, where it arises beside the service.
macro_rules! like_the_service {
    ($($cause:ty),+) => {
        $(impl From<$cause> for Failure {
            fn from(cause: $cause) -> Self {
                invite::Error::<AnyRefusal>::from(cause).into()
            }
        })+
    };
}

like_the_service!(BuildError, StorageError);
