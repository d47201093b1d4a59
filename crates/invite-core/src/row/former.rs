//! Former members: whom others worked with.

use chrono::{DateTime, Utc};

use crate::{Grants, UserId};

/// Somebody who was a member of an organization. It stays when they come back, until they go again: one row a person,
/// with the last time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Former {
    /// Who.
    pub user: UserId,
    /// When they last ceased to be a member.
    pub left_at: DateTime<Utc>,
    /// What was in force for them until then: nothing of somebody who was suspended.
    pub grants: Grants,
}
