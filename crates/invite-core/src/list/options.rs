//! How a pasted list is read, and how much of it.

/// How a pasted list is read. The default refuses user names, ignores columns, and takes 1 MiB and 10,000
/// fragments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOptions {
    pub(super) max_bytes: usize,
    pub(super) max_entries: usize,
    pub(super) names: NameFragments,
    pub(super) header: HeaderLine,
}

impl ListOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_bytes: 1 << 20,
            max_entries: 10_000,
            names: NameFragments::Refuse,
            header: HeaderLine::Ignore,
        }
    }

    /// The most bytes of text that are read; 1 MiB unless set.
    #[must_use]
    pub fn max_bytes(mut self, max: usize) -> Self {
        self.max_bytes = max;
        self
    }

    /// The most fragments that a list may have, of whatever outcome; 10,000 unless set.
    #[must_use]
    pub fn max_entries(mut self, max: usize) -> Self {
        self.max_entries = max;
        self
    }

    /// What a fragment without an `@` is.
    #[must_use]
    pub fn names(mut self, names: NameFragments) -> Self {
        self.names = names;
        self
    }

    /// Whether columns are looked for.
    #[must_use]
    pub fn header(mut self, header: HeaderLine) -> Self {
        self.header = header;
        self
    }
}

impl Default for ListOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// What a fragment without an `@` is (PAR-1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a host either has user names or has not")]
pub enum NameFragments {
    /// Invalid.
    #[default]
    Refuse,
    /// A user name of the host: one word of 1 to 128 bytes, in quotes or not.
    UserNames,
}

/// Whether the columns of a sheet are recognised by its header line (PAR-5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "columns are asked for or not")]
pub enum HeaderLine {
    /// Every line is read as fragments.
    #[default]
    Ignore,
    /// If the first line with text on it has a cell `email` (`e-mail`, `mail`, `e-mail address`, or else
    /// `address`), in any case, it is a header, and each line after it is a row: one fragment, with the
    /// address in that column. Names are taken from `name` (`full name`, `display name`), else from `first
    /// name` (`given name`) and `last name` (`surname`, `family name`), and the role from `role`. Other
    /// columns are not used. Cells are separated by tabs, else semicolons, else commas, whichever the header
    /// has. A header of one cell only is skipped, and what follows is read as fragments.
    Recognise,
}

/// A pasted list beyond the limits of its [`ListOptions`]; nothing of it was kept (PAR-4, ABU-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListTooLong {
    /// Too much text.
    #[error("the list has {actual} bytes, of {max} allowed")]
    Bytes {
        /// The limit.
        max: usize,
        /// What was given.
        actual: usize,
    },
    /// Too many fragments; counting stopped there.
    #[error("the list has more than {max} entries")]
    Entries {
        /// The limit.
        max: usize,
    },
}

impl ListTooLong {
    /// A stable name for HTTP and logs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Bytes { .. } => "list-too-many-bytes",
            Self::Entries { .. } => "list-too-many-entries",
        }
    }

    /// What the person can do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        "split the list and send its parts one after the other"
    }
}
