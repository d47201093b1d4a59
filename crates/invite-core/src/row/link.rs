//! Invite links: shareable, and belonging to the organization.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Actor, DomainRules, Grants, GroupId, LinkId, Nonce, Scope};

/// What is set about an invite link, all at once. Each change makes a new revision (LIF-13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    pub(crate) name: String,
    pub(crate) grants: Grants,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) opens_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closes_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_uses: Option<u32>,
    #[serde(default)]
    pub(crate) domains: DomainRules,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) continue_to: Option<String>,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub(crate) by_request: bool,
}

impl LinkSettings {
    /// A name to tell it from others, and what those get who join by it.
    pub fn new(name: impl Into<String>, grants: impl Into<Grants>) -> Self {
        Self {
            name: name.into(),
            grants: grants.into(),
            opens_at: None,
            closes_at: None,
            max_uses: None,
            domains: DomainRules::default(),
            continue_to: None,
            by_request: false,
        }
    }

    /// Nobody joins before this time (B2).
    #[must_use]
    pub fn opens_at(mut self, from: DateTime<Utc>) -> Self {
        self.opens_at = Some(from);
        self
    }

    /// Nobody joins at this time or later (LNK-5).
    #[must_use]
    pub fn closes_at(mut self, until: DateTime<Utc>) -> Self {
        self.closes_at = Some(until);
        self
    }

    /// At most so many join by it, for as long as it exists (CON-4).
    #[must_use]
    pub fn max_uses(mut self, uses: u32) -> Self {
        self.max_uses = Some(uses);
        self
    }

    /// Only people with an address of these domains join by it, besides what the organization's rules say.
    #[must_use]
    pub fn domains(mut self, rules: DomainRules) -> Self {
        self.domains = rules;
        self
    }

    /// Where those who join go on: a page that the host allows (F20). See [`ContinueUrls`](crate::ContinueUrls). Not together
    /// with [`by_request`](Self::by_request): whoever asks has not joined yet.
    #[must_use]
    pub fn continue_to(mut self, url: impl Into<String>) -> Self {
        self.continue_to = Some(url.into());
        self
    }

    /// Whoever has the link asks to join, and somebody with the right approves or denies it. Not together with
    /// [`continue_to`](Self::continue_to).
    #[must_use]
    pub fn by_request(mut self) -> Self {
        self.by_request = true;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What those get who join by it.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// From when on it works; `None`: from its making.
    #[must_use]
    pub fn opening(&self) -> Option<DateTime<Utc>> {
        self.opens_at
    }

    /// When it ends to work; `None`: never.
    #[must_use]
    pub fn closing(&self) -> Option<DateTime<Utc>> {
        self.closes_at
    }

    /// How many may join by it; `None`: as many as want.
    #[must_use]
    pub fn most_uses(&self) -> Option<u32> {
        self.max_uses
    }

    /// Which domains may join by it.
    #[must_use]
    pub fn domain_rules(&self) -> &DomainRules {
        &self.domains
    }

    /// Where those who join go on, as it was asked: whether it is still allowed is seen when they join.
    #[must_use]
    pub fn continuing(&self) -> Option<&str> {
        self.continue_to.as_deref()
    }

    /// Whether somebody has to approve whoever joins by it.
    #[must_use]
    pub fn is_by_request(&self) -> bool {
        self.by_request
    }
}

/// Whether a link is switched on (B2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "on or off")]
pub enum Switch {
    /// On.
    On,
    /// Off: nobody joins until it is switched on again.
    Off,
}

/// How a link ended. It never works again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkEnding {
    /// Somebody removed it.
    Removed,
    /// Its creator was removed or suspended, or may not grant it any more.
    CreatorRemoved,
    /// All groups that it grants access to were closed.
    GroupClosed,
    /// The organization was closed (LIF-8).
    OrganizationClosed,
}

/// What a link is like at a time, for those who may see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkState {
    /// Somebody may join by it.
    Open,
    /// It is switched off.
    Off,
    /// Its period has not begun.
    NotYet,
    /// Its period is over.
    Over,
    /// It was used as often as it may be.
    UsedUp,
    /// It ended for good.
    Ended,
}

impl LinkState {
    /// The code of the refusal to whoever wants to join.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Open => "link-open",
            Self::Off => "link-off",
            Self::NotYet => "link-not-yet",
            Self::Over => "link-over",
            Self::UsedUp => "link-used-up",
            Self::Ended => "link-ended",
        }
    }
}

/// The state in words.
impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "the link works",
            Self::Off => "the link is switched off",
            Self::NotYet => "the link does not work yet",
            Self::Over => "the time of the link is over",
            Self::UsedUp => "the link was used as often as it may be",
            Self::Ended => "the link does not work any more",
        })
    }
}

/// An invite link. `Debug` leaves out its nonces (TOK-3).
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct InviteLink {
    /// Its id.
    pub id: LinkId,
    /// What is set about it.
    pub settings: LinkSettings,
    /// How often the settings were changed.
    pub revision: u32,
    /// Whether it is switched on.
    pub switch: Switch,
    /// Who answers for what it grants: who made it, or set what it grants last (AUT-4).
    pub creator: Actor,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// How many joined by it.
    pub uses: u32,
    /// The random part of its token (TOK-1).
    pub nonce: Nonce,
    /// Earlier ones, the last first: their links are dead, and told so (LNK-4).
    pub earlier_nonces: Vec<Nonce>,
    /// How and when it ended.
    pub ended: Option<(LinkEnding, DateTime<Utc>)>,
}

impl InviteLink {
    /// What managers of a group see of a link into it: all that is set but what it grants elsewhere (E4).
    #[must_use]
    pub fn within(mut self, group: &GroupId) -> Self {
        self.settings.grants = self.settings.grants.only(&Scope::Group(group.clone()));
        self
    }

    /// What it is like at a time. The period is half-open: it works at its opening and not at its closing (LNK-5).
    #[must_use]
    pub fn state_at(&self, now: DateTime<Utc>) -> LinkState {
        let LinkSettings { opens_at, closes_at, max_uses, .. } = &self.settings;
        match self.switch {
            _ if self.ended.is_some() => LinkState::Ended,
            Switch::Off => LinkState::Off,
            Switch::On if closes_at.is_some_and(|end| end <= now) => LinkState::Over,
            Switch::On if opens_at.is_some_and(|begin| now < begin) => LinkState::NotYet,
            Switch::On if max_uses.is_some_and(|most| self.uses >= most) => LinkState::UsedUp,
            Switch::On => LinkState::Open,
        }
    }

    /// Whether it did not end for good.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.ended.is_none()
    }
}

impl fmt::Debug for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InviteLink")
            .field("id", &self.id)
            .field("settings", &self.settings)
            .field("revision", &self.revision)
            .field("switch", &self.switch)
            .field("creator", &self.creator)
            .field("created_at", &self.created_at)
            .field("uses", &self.uses)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
