//! Limits on rate: one time per subject.

use serde::{Deserialize, Serialize};

use crate::UserId;

/// Whose rate is limited (ABU-1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "every adapter stores all of them")]
pub enum LimitSubject {
    /// The whole organization's.
    Organization,
    /// One inviter's.
    Inviter(UserId),
    /// That of somebody who asks to join.
    Asker(UserId),
}

impl LimitSubject {
    /// The subject as one text: `organization`, or `inviter:` or `asker:` with the id. For keys of rows.
    #[must_use]
    pub fn key(&self) -> alloc::string::String {
        match self {
            Self::Organization => "organization".into(),
            Self::Inviter(user) => alloc::format!("inviter:{user}"),
            Self::Asker(user) => alloc::format!("asker:{user}"),
        }
    }
}
