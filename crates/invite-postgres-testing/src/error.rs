//! What goes wrong.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// What could not be done, in a sentence for whoever runs the tests.
#[derive(Debug, Clone)]
pub struct Error {
    what: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// `what` with its cause: for `map_err`.
    pub(crate) fn because<E: Into<Box<dyn StdError + Send + Sync>>>(
        what: impl Into<String>,
    ) -> impl FnOnce(E) -> Self {
        let what = what.into();
        |cause| Self { what, source: Some(Arc::from(cause.into())) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
