//! Refusals: a typed no, with a stable code, the rule behind it and what would fix it (F6).
//!
//! A reason is a type of its own, declared once in `reasons`; an operation's refusal is an enum of the
//! reasons that it can have.

mod reasons;

use alloc::string::String;
use core::error::Error;

pub use reasons::*;

/// A typed no.
///
/// `Display` says what is the matter, in words for a person who knows the product.
pub trait Refusal: Error + Send + Sync + 'static {
    /// A stable name to switch on, in kebab-case.
    fn code(&self) -> &'static str;

    /// The ids of the requirements or behaviours that ask for it, such as `SEA-1`.
    fn rule(&self) -> &'static str;

    /// What would fix it.
    fn remedy(&self) -> String;
}

/// Declares the refusal of an operation: an enum of reasons.
macro_rules! refused {
    ($(#[$doc:meta])* $name:ident: $($reason:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, thiserror::Error)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = concat!("See [`", stringify!($reason), "`](crate::", stringify!($reason), ").")]
                #[error(transparent)]
                $reason(#[from] $crate::refusal::$reason),
            )+
        }

        impl $crate::refusal::Refusal for $name {
            fn code(&self) -> &'static str {
                match self {
                    $(Self::$reason(reason) => $crate::refusal::Refusal::code(reason),)+
                }
            }

            fn rule(&self) -> &'static str {
                match self {
                    $(Self::$reason(reason) => $crate::refusal::Refusal::rule(reason),)+
                }
            }

            fn remedy(&self) -> alloc::string::String {
                match self {
                    $(Self::$reason(reason) => $crate::refusal::Refusal::remedy(reason),)+
                }
            }
        }
    };
}

/// Lets an operation's refusal take what [`check_grants`](crate::authority::check_grants) found.
macro_rules! refused_for_grants {
    ($name:ident) => {
        impl From<$crate::authority::Ungrantable> for $name {
            fn from(why: $crate::authority::Ungrantable) -> Self {
                use $crate::authority::Ungrantable;
                match why {
                    Ungrantable::Missing(reason) => reason.into(),
                    Ungrantable::Role(reason) => reason.into(),
                    Ungrantable::Permission(reason) => reason.into(),
                    Ungrantable::Never(reason) => reason.into(),
                    Ungrantable::Kind(reason) => reason.into(),
                    Ungrantable::Entitlement(reason) => reason.into(),
                    Ungrantable::End(reason) => reason.into(),
                    Ungrantable::TooLarge(reason) => reason.into(),
                }
            }
        }
    };
}

/// Lets an operation's refusal take why somebody may not manage what somebody else granted.
macro_rules! refused_for_authority {
    ($name:ident) => {
        impl From<$crate::authority::Unmanageable> for $name {
            fn from(why: $crate::authority::Unmanageable) -> Self {
                match why {
                    $crate::authority::Unmanageable::Permission(reason) => reason.into(),
                    $crate::authority::Unmanageable::Role(reason) => reason.into(),
                }
            }
        }
    };
}

/// Lets an operation's refusal take why there is no seat.
macro_rules! refused_for_seats {
    ($name:ident) => {
        impl From<$crate::seats::NoRoom> for $name {
            fn from(why: $crate::seats::NoRoom) -> Self {
                match why {
                    $crate::seats::NoRoom::NoSeatLeft(reason) => reason.into(),
                    $crate::seats::NoRoom::NotInPlan(reason) => reason.into(),
                }
            }
        }
    };
}

/// Lets an operation's refusal take that the organization does not work.
macro_rules! refused_when_closed {
    ($name:ident) => {
        impl From<$crate::rules::NotOpen> for $name {
            fn from(why: $crate::rules::NotOpen) -> Self {
                match why {
                    $crate::rules::NotOpen::Suspended(reason) => reason.into(),
                    $crate::rules::NotOpen::Closed(reason) => reason.into(),
                }
            }
        }
    };
}

/// Lets an operation's refusal take that nothing can be granted in a group.
macro_rules! refused_for_groups {
    ($name:ident) => {
        impl From<$crate::rules::NoGroup> for $name {
            fn from(why: $crate::rules::NoGroup) -> Self {
                match why {
                    $crate::rules::NoGroup::Unknown(reason) => reason.into(),
                    $crate::rules::NoGroup::Archived(reason) => reason.into(),
                    $crate::rules::NoGroup::Closed(reason) => reason.into(),
                }
            }
        }
    };
}

/// Lets an operation's refusal take that of an operation which it performs along the way.
macro_rules! refused_like {
    ($name:ident from $other:ident: $($reason:ident),+ $(,)?) => {
        impl From<$other> for $name {
            fn from(why: $other) -> Self {
                match why {
                    $($other::$reason(reason) => reason.into(),)+
                }
            }
        }
    };
    // What the operation has ruled out before it performs the other one is a fault.
    ($name:ident from some of $other:ident: $($reason:ident),+ $(,)?) => {
        impl $name {
            fn from_stop(stop: $crate::Stop<$other>) -> $crate::Stop<Self> {
                use $crate::Stop;
                match stop {
                    $(Stop::Refused($other::$reason(reason)) => Stop::Refused(reason.into()),)+
                    Stop::Refused(why) => Stop::Fault($crate::Fault::RuledOut(why.code())),
                    Stop::UnknownOrganization => Stop::UnknownOrganization,
                    Stop::MoreDue => Stop::MoreDue,
                    Stop::Fault(fault) => Stop::Fault(fault),
                }
            }
        }
    };
}

pub(crate) use {
    refused, refused_for_authority, refused_for_grants, refused_for_groups, refused_for_seats, refused_like,
    refused_when_closed,
};
