//! Groups: parts of an organization with members of their own.

use alloc::string::String;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Access, Actor, GroupId};

/// How somebody comes into a group who was not invited (E1). The later, the easier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JoinPolicy {
    /// Not at all: neither by oneself nor by an invite link (LNK-6).
    #[default]
    InviteOnly,
    /// By an invite link, or when somebody approves.
    ByRequest,
    /// By an invite link, or as a member of the organization by oneself.
    Open,
}

/// Whether a group works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "the three states of a group")]
pub enum GroupStatus {
    /// It works.
    Active,
    /// Its members keep what they hold; nobody is invited and nobody joins until it is restored.
    Archived,
    /// It is gone for good: nothing can be done or granted in it (LIF-8, LIF-10).
    Closed,
}

impl GroupStatus {
    /// Its name in rows and events.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
            Self::Closed => "closed",
        }
    }
}

/// What the managers of a group set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSettings {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about_url: Option<String>,
    #[serde(default)]
    pub(crate) join_policy: JoinPolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) join_access: Option<Access>,
}

impl GroupSettings {
    /// A name, and nothing else set: nobody joins without an invitation.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: None,
            description: None,
            about_url: None,
            join_policy: JoinPolicy::InviteOnly,
            join_access: None,
        }
    }

    /// What the host calls it: a project, a team, a line.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// A description, shown in invitations (E7).
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// A page that tells more, for a button in invitations (E7). Begins with `https://`.
    #[must_use]
    pub fn about(mut self, url: impl Into<String>) -> Self {
        self.about_url = Some(url.into());
        self
    }

    /// Lets members of the organization join by themselves, with this access.
    #[must_use]
    pub fn open_with(mut self, access: Access) -> Self {
        (self.join_policy, self.join_access) = (JoinPolicy::Open, Some(access));
        self
    }

    /// Lets people ask to join; whoever is approved gets this access.
    #[must_use]
    pub fn by_request_with(mut self, access: Access) -> Self {
        (self.join_policy, self.join_access) = (JoinPolicy::ByRequest, Some(access));
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the host calls it.
    #[must_use]
    pub fn kind_name(&self) -> Option<&str> {
        self.kind.as_deref()
    }

    /// Its description.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The page that tells more.
    #[must_use]
    pub fn about_url(&self) -> Option<&str> {
        self.about_url.as_deref()
    }

    /// How somebody comes in who was not invited.
    #[must_use]
    pub fn join_policy(&self) -> JoinPolicy {
        self.join_policy
    }

    /// What those get who come in by themselves or by request.
    #[must_use]
    pub fn join_access(&self) -> Option<&Access> {
        self.join_access.as_ref()
    }
}

/// A group: project, team, workspace, line. Who is in it stands in the grants of the organization's members.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Group {
    /// The id that the host gave it.
    pub id: GroupId,
    /// Whether it works.
    pub status: GroupStatus,
    /// What its managers set.
    pub settings: GroupSettings,
    /// Who created it.
    pub creator: Actor,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}
