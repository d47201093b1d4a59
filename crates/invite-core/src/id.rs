//! Identifiers: opaque text of the host, and our own UUIDv7.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most bytes that an id of the host may have. It is written before the id in a token as one byte.
pub const MAX_ID_BYTES: usize = 128;

/// Text that cannot be an id of the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} must be 1 to {MAX_ID_BYTES} bytes without control characters")]
pub struct InvalidId {
    kind: &'static str,
}

impl InvalidId {
    /// Which kind of id was meant: `organization id`, `user id` or `group id`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

impl From<Infallible> for InvalidId {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

macro_rules! host_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        ///
        /// Opaque text that belongs to the host: 1 to 128 bytes, no control characters. Clones share the text.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text.
            ///
            /// # Errors
            /// [`InvalidId`] when it is empty, longer than 128 bytes, or holds a control character.
            pub fn parse(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                if text.is_empty() || text.len() > MAX_ID_BYTES || text.chars().any(char::is_control) {
                    return Err(InvalidId { kind: $kind });
                }
                Ok(Self(text.into()))
            }

            /// The text as the host gave it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;
            fn try_from(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = InvalidId;
            fn try_from(text: &String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().into()
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id.to_string().into())
            }
        }

        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                Self(id.to_string().into())
            }
        }

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id.to_string().into())
            }
        }
    };
}

host_id! {
    /// An organization: the tenant that holds the plan and everything below it.
    OrganizationId, "organization id"
}
host_id! {
    /// A user of the host.
    UserId, "user id"
}
host_id! {
    /// A group of an organization: project, team, workspace, line.
    GroupId, "group id"
}

macro_rules! own_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A UUIDv7 built from a given time and given entropy. An identifier, never a secret (TOK-1).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Builds the id from the time of its making and 10 bytes of entropy.
            #[must_use]
            pub fn from_parts(at: DateTime<Utc>, entropy: [u8; 10]) -> Self {
                let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &entropy).into_uuid())
            }

            /// Wraps an id that was made before, read from a row or a token.
            #[must_use]
            pub fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as a UUID.
            #[must_use]
            pub fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    };
}

own_id! {
    /// An invitation.
    InvitationId
}
own_id! {
    /// An invite link.
    LinkId
}
own_id! {
    /// A join request.
    RequestId
}
own_id! {
    /// A delivery: one mail to be sent for an invitation.
    DeliveryId
}
own_id! {
    /// A commit. It stands in every event record of the commit, so that a lost reply can be looked up.
    CommitId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_host_is_checked_text() {
        assert_eq!(UserId::parse("ada").unwrap().as_str(), "ada");
        assert_eq!(UserId::parse("").unwrap_err().kind(), "user id");
        assert_eq!(GroupId::parse("").unwrap_err().kind(), "group id");
        assert!(UserId::parse("a\nb").is_err());
        assert!(UserId::parse("x".repeat(128)).is_ok());
        assert!(UserId::parse("x".repeat(129)).is_err());
        assert_eq!(UserId::from(7_u64).as_str(), "7");
        assert!(serde_json::from_str::<UserId>("\"\"").is_err());
    }

    #[test]
    fn our_own_ids_are_uuid_v7_and_sort_by_time() {
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        let early = InvitationId::from_parts(at(1_000), [255; 10]);
        let late = InvitationId::from_parts(at(1_001), [0; 10]);
        assert!(early < late);
        assert_eq!(early.as_uuid().get_version_num(), 7);
    }
}
