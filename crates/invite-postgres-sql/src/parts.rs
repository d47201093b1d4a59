//! What a state at a time is in stored states.

use chrono::{DateTime, Utc};

use crate::value::Value;

/// The states that depend on the time, as both invitations and join requests name them.
pub(crate) const PENDING: &str = "pending";
const EXPIRED: &str = "expired";

/// Invitations or join requests that ended in a state, or of those that did not the ones whose expiry lies above a time and
/// not above another.
pub(crate) enum Part {
    Ended(&'static str),
    Open { above: Value, up_to: Value },
}

impl Part {
    pub(crate) fn values(self) -> Vec<Value> {
        match self {
            Self::Ended(state) => vec![Value::text(state)],
            Self::Open { above, up_to } => vec![above, up_to],
        }
    }
}

/// What a state at a time is in stored states; `None` is all of them. Expired follows from the time, also
/// where it was not written down (LIF-5).
pub(crate) fn parts(state: Option<&'static str>, now: DateTime<Utc>) -> Vec<Option<Part>> {
    match state {
        None => vec![None],
        Some(PENDING) => vec![Some(Part::Open { above: Value::time(now), up_to: Value::last() })],
        Some(EXPIRED) => vec![
            Some(Part::Ended(EXPIRED)),
            Some(Part::Open { above: Value::first(), up_to: Value::time(now) }),
        ],
        Some(state) => vec![Some(Part::Ended(state))],
    }
}
