//! Names that the host declares: permissions, roles, seat classes, kinds of resources.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Any text converts; a name that the access model does not declare is refused where it is used.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Cow<'static, str>);

        impl $name {
            /// Wraps a name known at compile time.
            #[must_use]
            pub const fn from_static(name: &'static str) -> Self {
                Self(Cow::Borrowed(name))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(Cow::Owned(name.into()))
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(Cow::Owned(name))
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
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
    /// To see members and invitations.
    pub const VIEW: Self = Self::from_static("invite.members.view");
    /// To add members directly, without an invitation.
    pub const ADD: Self = Self::from_static("invite.members.add");
    /// To change the access of members.
    pub const CHANGE_ACCESS: Self = Self::from_static("invite.members.change-access");
    /// To remove members.
    pub const REMOVE: Self = Self::from_static("invite.members.remove");
    /// To change the settings of the organization, to suspend and resume it.
    pub const MANAGE: Self = Self::from_static("invite.organization.manage");
    /// To close the organization.
    pub const CLOSE: Self = Self::from_static("invite.organization.close");
    /// To read the event log.
    pub const AUDIT: Self = Self::from_static("invite.organization.audit");

    /// Every permission of this library's own namespace.
    pub const OWN: [Self; 9] = [
        Self::INVITE,
        Self::MESSAGE,
        Self::VIEW,
        Self::ADD,
        Self::CHANGE_ACCESS,
        Self::REMOVE,
        Self::MANAGE,
        Self::CLOSE,
        Self::AUDIT,
    ];
}
