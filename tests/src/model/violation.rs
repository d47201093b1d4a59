//! What the model found wrong.

use std::fmt;

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The requirement, or what else was promised.
    pub rule: &'static str,
    /// What was seen.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.what)
    }
}

impl std::error::Error for Violation {}

pub(super) type Checked<T = ()> = Result<T, Violation>;

/// Requires that something holds, or says by which rule it should.
macro_rules! holds {
    ($that:expr, $rule:literal, $($what:tt)+) => {
        if !$that {
            return Err($crate::model::violation::Violation { rule: $rule, what: format!($($what)+) });
        }
    };
}

pub(super) use holds;
