//! The organization: plan, settings, counters and version; the header of every load.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{Actor, Domain, DomainRules, Grants, GroupId, OrganizationId, Plan, SeatClass};

/// Whether an organization works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "the three states of an organization")]
pub enum OrganizationStatus {
    /// It works.
    Active,
    /// Nothing is sent or accepted until it is resumed (LIF-8).
    Suspended,
    /// It ended, and everything pending in it with it (LIF-8).
    Closed,
}

impl OrganizationStatus {
    /// Its name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

/// Whether users who are invited by their id become members at once, with a notice (C3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Inclusion {
    /// They do not: everybody is asked.
    #[default]
    Off,
    /// They do where the inviter asks for it.
    Asked,
    /// They do unless the inviter asks for an invitation.
    Always,
}

impl Inclusion {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_off(&self) -> bool {
        *self == Self::Off
    }
}

/// What an organization's managers set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about_url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expiry_seconds: Option<u32>,
    #[serde(default)]
    pub(crate) domains: DomainRules,
    #[serde(default, skip_serializing_if = "Inclusion::is_off")]
    pub(crate) inclusion: Inclusion,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) retention_seconds: Option<u32>,
}

impl Settings {
    /// Settings with a name and defaults for the rest.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            about_url: None,
            expiry_seconds: None,
            domains: DomainRules::default(),
            inclusion: Inclusion::default(),
            retention_seconds: None,
        }
    }

    /// The same with another name.
    #[must_use]
    pub fn renamed(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A sentence about the organization, for mails (E7).
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// A page about the organization, for mails (E7). Must begin with `https://`.
    #[must_use]
    pub fn about(mut self, url: impl Into<String>) -> Self {
        self.about_url = Some(url.into());
        self
    }

    /// How many seconds an invitation lives, instead of the access model's default (D3).
    #[must_use]
    pub fn expiry_seconds(mut self, seconds: u32) -> Self {
        self.expiry_seconds = Some(seconds);
        self
    }

    /// Which domains may be invited and may join (IDN-8).
    #[must_use]
    pub fn domains(mut self, rules: DomainRules) -> Self {
        self.domains = rules;
        self
    }

    /// Whether users who are invited by their id become members at once (C3). They do not, by default.
    #[must_use]
    pub fn inclusion(mut self, inclusion: Inclusion) -> Self {
        self.inclusion = inclusion;
        self
    }

    /// How many seconds after its end an invitation or join request is erased, instead of the access model's default (PRI-6).
    #[must_use]
    pub fn retention_seconds(mut self, seconds: u32) -> Self {
        self.retention_seconds = Some(seconds);
        self
    }

    /// The organization's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sentence about it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The page about it.
    #[must_use]
    pub fn about_url(&self) -> Option<&str> {
        self.about_url.as_deref()
    }

    /// Whether users who are invited by their id become members at once.
    #[must_use]
    pub fn includes(&self) -> Inclusion {
        self.inclusion
    }

    /// Which domains may be invited and may join.
    #[must_use]
    pub fn domain_rules(&self) -> &DomainRules {
        &self.domains
    }
}

/// How somebody with an address of a verified domain comes in (F15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "directly or by request")]
pub enum DomainJoining {
    /// By themselves.
    Directly,
    /// When somebody approves.
    ByRequest,
}

/// What is set about a verified domain (F15).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedDomain {
    pub(crate) joining: DomainJoining,
    pub(crate) grants: Grants,
}

impl VerifiedDomain {
    /// Who has an address of it joins by themselves, with these grants.
    pub fn joins(grants: impl Into<Grants>) -> Self {
        Self { joining: DomainJoining::Directly, grants: grants.into() }
    }

    /// Who has an address of it may ask to join; whoever is approved gets these grants.
    pub fn asks(grants: impl Into<Grants>) -> Self {
        Self { joining: DomainJoining::ByRequest, grants: grants.into() }
    }

    /// How somebody comes in.
    #[must_use]
    pub fn joining(&self) -> DomainJoining {
        self.joining
    }

    /// What they get.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        &self.grants
    }
}

/// Seats of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "two counts that every adapter stores")]
pub struct SeatCount {
    /// Taken by members.
    pub used: u32,
    /// Reserved by distinct invitees.
    pub reserved: u32,
}

impl SeatCount {
    /// Taken or reserved.
    #[must_use]
    pub fn taken(self) -> u32 {
        self.used.saturating_add(self.reserved)
    }
}

/// Counts of an organization's rows, kept with every commit so that no decision has to count.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs, reason = "the counters that every adapter stores")]
pub struct Counts {
    /// Members, owners and those who are suspended included.
    pub members: u32,
    /// Owners who are not suspended.
    pub owners: u32,
    /// Invitations in state pending, those past their expiry included until it is written down.
    pub pending: u32,
    /// Groups that are not closed.
    #[serde(default, skip_serializing_if = "is_none")]
    pub groups: u32,
    /// Invite links that did not end.
    #[serde(default, skip_serializing_if = "is_none")]
    pub links: u32,
    /// Join requests in state pending, those past their expiry included until it is written down.
    #[serde(default, skip_serializing_if = "is_none")]
    pub requests: u32,
    /// Seats by class, as charged when they were taken. A class with nothing taken is not there.
    pub seats: BTreeMap<SeatClass, SeatCount>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Counts {
    /// Seats taken of a class.
    #[must_use]
    pub fn seat(&self, class: &SeatClass) -> SeatCount {
        self.seats.get(class).copied().unwrap_or_default()
    }
}

/// Which open invitations, and join requests, are due to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "every adapter looks up both")]
pub enum DueInvitations {
    /// Those with `expires_at` at this time or before.
    ExpiredAt(DateTime<Utc>),
    /// All of them: the organization is closed.
    All,
}

/// An organization: the tenant, and the header of every load.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Organization {
    /// Its id, the host's.
    pub id: OrganizationId,
    /// Whether it works.
    pub status: OrganizationStatus,
    /// What the host's billing allows.
    pub plan: Plan,
    /// What its managers set.
    pub settings: Settings,
    /// Counts of its rows.
    pub counts: Counts,
    /// Closed groups that rows still name: [`Tidy`](crate::Tidy) takes them out of grants, the first of them first.
    pub closing: BTreeSet<GroupId>,
    /// Who suspended it; `None` unless it is suspended. What the host suspended, the host resumes (F22).
    pub suspended_by: Option<Actor>,
    /// Domains that the host found to be the organization's, and who joins by them (F15).
    pub verified: BTreeMap<Domain, VerifiedDomain>,
    /// The number of events so far: the sequence of the last one.
    pub version: u64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The time of the last event. Time does not go back behind it.
    pub last_at: DateTime<Utc>,
}

impl Organization {
    /// Until when an invitation or join request must have ended to be erased at a moment: as long before as the organization sets, or
    /// else the access model. `None` where neither does, and none is (PRI-6).
    #[must_use]
    pub fn erased_until(&self, now: DateTime<Utc>, default: Option<TimeDelta>) -> Option<DateTime<Utc>> {
        let set = self.settings.retention_seconds.map(|seconds| TimeDelta::seconds(seconds.into()));
        now.max(self.last_at).checked_sub_signed(set.or(default)?)
    }

    /// Which of its open invitations and join requests are due to be ended at a moment (LIF-5, LIF-8). As for decisions, that
    /// moment is not before the organization's last event.
    #[must_use]
    pub fn due_invitations(&self, now: DateTime<Utc>) -> DueInvitations {
        match self.status {
            OrganizationStatus::Closed => DueInvitations::All,
            OrganizationStatus::Active | OrganizationStatus::Suspended => {
                DueInvitations::ExpiredAt(now.max(self.last_at))
            }
        }
    }

    /// Members whose access ended at this time or before are due to lose it (F14). As for decisions, it is not
    /// before the organization's last event.
    #[must_use]
    pub fn due_access(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now.max(self.last_at)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn given_a_clock_that_went_back_when_room_is_needed_then_what_expired_by_the_last_event_is_ended_lif_5() {
        let mut world = World::with(team_of(1));
        let soon = Expiry::At(world.now + TimeDelta::hours(1));
        let bob = Invite::new("bob@example.com", Grant::role("member")).expires_at(soon);
        world.ok(bob, &by("ada"));
        world.wait(TimeDelta::hours(1));
        world.ok(ChangeSettings::new(Settings::named("Acme")), &by("ada"));
        world.wait(-TimeDelta::minutes(1));
        world.invite("eve@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.seats("team"), (0, 1));
    }

    #[test]
    fn given_a_clock_of_nanoseconds_when_deciding_then_time_is_in_whole_microseconds() {
        let mut world = World::new();
        world.wait(TimeDelta::nanoseconds(1_999));
        let bob = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        assert_eq!(world.invitation(bob).created_at.timestamp_subsec_nanos(), 1_000);
        assert_eq!(world.organization().last_at, world.invitation(bob).created_at);
    }
}
