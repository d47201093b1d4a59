//! Members.

use alloc::collections::BTreeMap;
use alloc::string::String;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Actor, Domain, EmailAddress, Grants, GroupId, InvitationId, LinkId, RequestId, Scope, SeatClass, UserId,
};

/// Notes of the host on an invitation, by key, copied to the membership by policy (F19).
pub type Metadata = BTreeMap<String, String>;

/// How somebody became a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JoinedBy {
    /// Created the organization.
    Creating,
    /// Accepted an invitation.
    Accepting(InvitationId),
    /// Was added by the host or by a member, without an invitation.
    BeingAdded,
    /// By an invite link, with the settings of a revision (LIF-13).
    Link {
        /// The link.
        link: LinkId,
        /// The revision of its settings.
        revision: u32,
    },
    /// Asked, and was approved: by a request to a group, or with an address of a verified domain (E1, F15). Who asked
    /// by an invite link joined by the link.
    Request(RequestId),
    /// By themselves, with an address of a verified domain (F15).
    Domain(Domain),
    /// By themselves: a group that is open (E1).
    OpenGroup(GroupId),
    /// Was included by somebody, and told so (C3).
    Included {
        /// By whom.
        by: Actor,
        /// The record of it.
        invitation: InvitationId,
    },
}

/// Whether a member may do anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "every adapter stores both")]
pub enum MemberStatus {
    /// They may do what they hold.
    #[default]
    Active,
    /// They keep what they hold and may do nothing; they take no seat until they are restored (AUT-7).
    Suspended,
}

impl MemberStatus {
    /// Every status.
    pub const ALL: [Self; 2] = [Self::Active, Self::Suspended];

    /// Its name in rows and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }
}

/// A user in an organization: once, however many grants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Member {
    /// The user.
    pub user: UserId,
    /// Whether they may do anything.
    pub status: MemberStatus,
    /// The address under which they joined, if it was proven or the host vouched for it.
    pub email: Option<EmailAddress>,
    /// What they hold and where. Never empty: losing the last grant ends the membership.
    pub grants: Grants,
    /// The seat class they were charged to; `None` takes no seat. Nobody who is suspended takes one.
    pub seat: Option<SeatClass>,
    /// How they became a member.
    pub joined_by: JoinedBy,
    /// When they became a member.
    pub joined_at: DateTime<Utc>,
    /// Notes of the host.
    pub metadata: Metadata,
}

impl Member {
    /// Whether they are an owner: a member with every right, whom nobody else removes. A suspended one still is.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.grants.is_owner()
    }

    /// Whether they are not suspended.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == MemberStatus::Active
    }

    /// The grants that are in force: none of somebody who is suspended (AUT-7). Some of them may be over: see
    /// [`Grants::running`].
    #[must_use]
    pub fn in_force(&self) -> Option<&Grants> {
        self.is_active().then_some(&self.grants)
    }

    /// Whether they hold something in every scope of these grants, whatever it is (IDN-10).
    #[must_use]
    pub fn holds_in_all(&self, grants: &Grants) -> bool {
        self.grants.hold_in_all(grants)
    }

    /// When the first of their grants ends; `None` if none ends by itself. Past this, [`Tidy`](crate::Tidy) and
    /// commands that need the room write down what ended (F14).
    #[must_use]
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        self.grants.ends_at()
    }

    /// What managers of a group see of one of its members: who they are, by which address and way they came, and what they
    /// hold in the group; nothing that they hold elsewhere, and no notes of the host (E4).
    #[must_use]
    pub fn within(self, group: &GroupId) -> Self {
        let grants = self.grants.only(&Scope::Group(group.clone()));
        Self { grants, metadata: Metadata::new(), ..self }
    }

    /// The member as of a moment: without what they held past its time, written down or not; `None` if nothing is left,
    /// for they are no member any more (F14). Counts of seats know it too; the [seat](Self::seat) of the row follows when
    /// it is written down.
    #[must_use]
    pub fn as_of(mut self, now: DateTime<Utc>) -> Option<Self> {
        self.grants = self.grants.running(now);
        (!self.grants.is_empty()).then_some(self)
    }

    /// Whether they are one of those of whom one remains, always (AUT-8).
    pub(crate) fn is_active_owner(&self) -> bool {
        self.is_active() && self.is_owner()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    #[test]
    fn a_member_as_of_a_moment_holds_what_has_not_ended_and_is_none_without_anything_f14() {
        let mut world = World::new();
        let [soon, later] = [1, 2].map(|days| world.now + TimeDelta::days(days));
        let tick = TimeDelta::microseconds(1);
        world.add("bob", [Grant::role("client").until(later), in_group("member", "red").until(soon)]);
        let bob = world.member("bob").unwrap().clone();
        assert_eq!(bob.clone().as_of(soon - tick), Some(bob.clone()));
        let client = Member { grants: Grant::role("client").until(later).into(), ..bob.clone() };
        assert_eq!(bob.clone().as_of(soon), Some(client.clone()));
        assert_eq!(bob.clone().as_of(later - tick), Some(client));
        assert_eq!(bob.as_of(later), None);
        let ada = world.member("ada").unwrap().clone();
        assert_eq!(ada.clone().as_of(later), Some(ada), "what does not end");
    }
}
