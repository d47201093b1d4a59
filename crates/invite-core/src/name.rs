//! Names that the host declares: permissions, roles, seat classes, kinds of resources.

use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is cheap to clone: known at compile time, or shared.
#[derive(Clone)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Self::Static(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Shared(text.into())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Any text converts; a name that the access model does not declare is refused where it is used.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Text);

        impl $name {
            /// Wraps a name known at compile time.
            #[must_use]
            pub const fn from_static(name: &'static str) -> Self {
                Self(Text::Static(name))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(Text::Shared(name.into()))
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name.into())
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }
    };
}

name! {
    /// A named right, such as `posts.publish`.
    ///
    /// The rights that this library checks itself are constants in its own namespace, `invite.`.
    Permission
}
name! {
    /// The name of a role.
    RoleName
}
name! {
    /// A seat class: which kind of seat a holder takes.
    SeatClass
}
name! {
    /// A kind of resource of the host that access can be restricted to: platform, account, product, line.
    ResourceKind
}

impl RoleName {
    /// The role with every right. Every access model has it; it is had by creating an organization or by
    /// accepting an offer of ownership, never by an ordinary grant.
    pub const OWNER: Self = Self::from_static("owner");
}

impl Permission {
    /// To invite, and to edit, resend, remind and revoke invitations.
    pub const INVITE: Self = Self::from_static("invite.members.invite");
    /// To put a personal message into an invitation (ABU-5).
    pub const MESSAGE: Self = Self::from_static("invite.members.message");
    /// To propose invitations, which somebody who may invite approves (F21).
    pub const PROPOSE: Self = Self::from_static("invite.members.propose");
    /// To see members, invitations and join requests.
    pub const VIEW: Self = Self::from_static("invite.members.view");
    /// To add members directly, without an invitation.
    pub const ADD: Self = Self::from_static("invite.members.add");
    /// To change the access of members.
    pub const CHANGE_ACCESS: Self = Self::from_static("invite.members.change-access");
    /// To remove members, to suspend and to restore them.
    pub const REMOVE: Self = Self::from_static("invite.members.remove");
    /// To change the settings of the organization, to suspend and resume it.
    pub const MANAGE: Self = Self::from_static("invite.organization.manage");
    /// To close the organization.
    pub const CLOSE: Self = Self::from_static("invite.organization.close");
    /// To read the event log.
    pub const AUDIT: Self = Self::from_static("invite.organization.audit");

    /// To create groups.
    pub const CREATE_GROUPS: Self = Self::from_static("invite.groups.create");
    /// To change, archive and close a group.
    pub const MANAGE_GROUP: Self = Self::from_static("invite.groups.manage");
    /// To make, see, edit, switch, refresh and remove invite links.
    pub const LINKS: Self = Self::from_static("invite.links.manage");

    /// Every permission of this library's own namespace.
    pub const OWN: [Self; 13] = [
        Self::INVITE,
        Self::MESSAGE,
        Self::PROPOSE,
        Self::VIEW,
        Self::ADD,
        Self::CHANGE_ACCESS,
        Self::REMOVE,
        Self::MANAGE,
        Self::CLOSE,
        Self::AUDIT,
        Self::CREATE_GROUPS,
        Self::MANAGE_GROUP,
        Self::LINKS,
    ];
}
