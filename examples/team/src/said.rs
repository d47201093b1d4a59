//! What a command has to say.

use crate::failure::Failure;

/// What a command has to say: what it found or did, and what went wrong, if anything did.
#[derive(Debug)]
pub(crate) struct Said {
    /// For standard output.
    pub(crate) text: String,
    /// For standard error, and the exit code.
    pub(crate) failure: Option<Failure>,
}

impl Said {
    /// The same, but something went wrong.
    pub(crate) fn but(self, failure: impl Into<Failure>) -> Self {
        Self { failure: Some(failure.into()), ..self }
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self { text, failure: None }
    }
}

impl From<Failure> for Said {
    fn from(failure: Failure) -> Self {
        Self::from(String::new()).but(failure)
    }
}
