//! What a store writes.

use alloc::string::String;
use alloc::vec::Vec;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    CommandKey, CommitId, Delivery, EventRecord, Former, Group, GroupId, Invitation, InvitationId,
    InviteLink, Invitee, JoinRequest, LimitSubject, LinkId, Member, Organization, OrganizationId, RequestId,
    RoleName, Scope, Suppression, SuppressionKind, UserId,
};

/// One change of one row, with absolute values. A commit holds at most one for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "every adapter writes all three")]
pub enum RowChange<K, R> {
    /// The row does not exist and shall. That it does exist is a conflict.
    Insert(R),
    /// The row exists and gets these values.
    Update(R),
    /// The row exists and shall not.
    Delete(K),
}

/// The one open invitation of an invitee in a scope (CON-3). Its key is the scope and the invitee.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct Place {
    /// Where the invitation grants access.
    pub scope: Scope,
    /// Who is invited.
    pub invitee: Invitee,
    /// The invitation that is open there.
    pub invitation: InvitationId,
}

/// A member in a group. Its key is the group and the user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct GroupMember {
    /// The group.
    pub group: GroupId,
    /// The member's user.
    pub user: UserId,
    /// The role held in the group.
    pub role: RoleName,
    /// When the member joined the organization, which lists are ordered by.
    pub joined_at: DateTime<Utc>,
}

/// What is kept of a command that carried an idempotency key (LIF-12). `Debug` leaves out its outcome (PRI-4).
#[derive(Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "a row: every adapter reads and writes all of it")]
pub struct CommandRecord {
    /// The key.
    pub key: CommandKey,
    /// SHA-256 of the command.
    pub fingerprint: [u8; 32],
    /// Its outcome, as JSON. Holds no token.
    pub outcome: String,
    /// When it is forgotten.
    pub expires_at: DateTime<Utc>,
}

impl CommandRecord {
    /// For how long an outcome is kept: a repeat within this time gets the first outcome.
    pub const KEPT: TimeDelta = TimeDelta::hours(24);
}

impl core::fmt::Debug for CommandRecord {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CommandRecord")
            .field("key", &self.key)
            .field("fingerprint", &self.fingerprint)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Of what nothing personal is to remain in rows that were written before (PRI-6). Empty but for commits that erase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "every adapter reads all of it")]
pub struct Erasures {
    /// Their deliveries are deleted, leased or not, and the records of events about them are erased.
    pub invitations: Vec<InvitationId>,
    /// The records of events about them are erased.
    pub requests: Vec<RequestId>,
    /// The records of events about them and about no invitation are erased, and their [`Former`] rows deleted.
    pub users: Vec<UserId>,
}

impl Erasures {
    /// Whether there is nothing to erase.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.invitations.is_empty() && self.requests.is_empty() && self.users.is_empty()
    }
}

/// A net change of one organization's rows, decided on a version.
///
/// A store writes it whole or not at all, and only if the organization is still at that version. It
/// interprets nothing and computes nothing. It takes the value apart without `..`, so that a table added
/// here stops the compiler and loses no data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "every adapter takes all of it apart")]
pub struct Commit {
    /// Its id. It stands with every event record, so that a lost reply can be looked up.
    pub id: CommitId,
    /// The organization.
    pub organization: OrganizationId,
    /// The version it was decided on; 0 if the organization must not exist.
    pub version: u64,
    /// The organization's row. `None` leaves it and its version as they are.
    pub header: Option<Organization>,
    /// Members.
    pub members: Vec<RowChange<UserId, Member>>,
    /// Members by group: what of their grants lies in groups.
    pub group_members: Vec<RowChange<(GroupId, UserId), GroupMember>>,
    /// Groups.
    pub groups: Vec<RowChange<GroupId, Group>>,
    /// Invite links.
    pub links: Vec<RowChange<LinkId, InviteLink>>,
    /// Join requests.
    pub requests: Vec<RowChange<RequestId, JoinRequest>>,
    /// Invitations.
    pub invitations: Vec<RowChange<InvitationId, Invitation>>,
    /// Places of open invitations.
    pub places: Vec<RowChange<(Scope, Invitee), Place>>,
    /// Suppressions.
    pub suppressions: Vec<RowChange<(Invitee, SuppressionKind), Suppression>>,
    /// Times kept for limits on rate. These rows are put: one that exists is replaced.
    pub limits: Vec<(LimitSubject, DateTime<Utc>)>,
    /// Members who are none any more (C2). These rows are put: one that exists is replaced.
    pub former: Vec<Former>,
    /// Event records, of the sequences that follow the version.
    pub events: Vec<EventRecord>,
    /// Mails to be sent. New rows.
    pub deliveries: Vec<Delivery>,
    /// Outcomes of commands that carried a key. These rows are put: one that is past its time is replaced.
    pub commands: Vec<CommandRecord>,
    /// What is erased of deliveries and records that were there before: for records, as
    /// [`RecordData::erase`](crate::RecordData::erase) says.
    pub erased: Erasures,
}

impl Commit {
    /// Whether its parts are about one organization, which is then at the version of its last event, none of its
    /// suppressions is of all organizations, and its events are its own and follow its version without a gap (STO-7).
    /// One that is not so is a bug of whoever made it; a store refuses it, and not as a conflict: deciding again would
    /// not help.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let version = self.version.checked_add(self.events.len() as u64);
        let header = match &self.header {
            Some(row) => row.id == self.organization && row.version > 0 && Some(row.version) == version,
            None => self.version > 0 && self.events.is_empty(),
        };
        let follows = |(record, n): (&EventRecord, u64)| {
            record.sequence.checked_sub(self.version) == Some(n) && record.commit == self.id
        };
        let kept_here = |change: &RowChange<(Invitee, SuppressionKind), Suppression>| {
            let kind = match change {
                RowChange::Insert(row) | RowChange::Update(row) => row.kind,
                RowChange::Delete((_, kind)) => *kind,
            };
            kind != SuppressionKind::Everywhere
        };
        header
            && self.suppressions.iter().all(kept_here)
            && self.events.iter().zip(1..).all(follows)
            && self.deliveries.iter().all(|row| row.organization == self.organization)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.commands.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::{format, vec};

    use crate::testing::*;
    use crate::*;

    #[test]
    fn a_record_of_a_command_shows_no_address_in_debug_pri_4() {
        let mut world = World::new();
        let invited = world.ok(Invite::new("bob@example.com, x", Grant::role("member")), &by("ada"));
        let record = CommandRecord {
            key: CommandKey { actor: by("ada"), operation: "invite".into(), key: "k".into() },
            fingerprint: [0; 32],
            outcome: serde_json::to_string(&invited).unwrap(),
            expires_at: world.now,
        };
        assert!(record.outcome.contains("bob@example.com"));
        let shown = format!("{record:?}");
        assert!(shown.starts_with("CommandRecord { key: ") && !shown.contains("bob@example.com"), "{shown}");
    }

    /// Two are invited: a header, two events and two deliveries, decided on version 2.
    fn commit() -> Commit {
        let invite = Invite::new("bob@example.com, cid@example.com", Grant::role("member"));
        let (world, ada) = (World::new(), by("ada"));
        let mut draft = world.look(&invite.reads(&ada));
        let entropy = Entropy::from_bytes(vec![7; invite.makes() * Entropy::BYTES_EACH]);
        decide(&invite, &world.host(), &ada, entropy, &mut draft).unwrap();
        let commit = draft.into_commit();
        assert_eq!((commit.version, commit.events.len(), commit.deliveries.len()), (2, 2, 2));
        commit
    }

    fn sound(change: impl FnOnce(&mut Commit)) -> bool {
        let mut commit = commit();
        change(&mut commit);
        commit.is_sound()
    }

    fn header(commit: &mut Commit) -> &mut Organization {
        commit.header.as_mut().unwrap()
    }

    #[test]
    fn a_commit_is_sound_if_its_parts_belong_together_sto_7() {
        assert!(sound(|_| {}));
        assert!(sound(|commit| commit.deliveries.clear()));
        let other = || OrganizationId::parse("other").unwrap();
        assert!(!sound(|commit| header(commit).id = other()));
        assert!(!sound(|commit| commit.deliveries[1].organization = other()));
        assert!(!sound(|commit| commit.organization = other()));
    }

    #[test]
    fn a_sound_commit_blocks_no_other_organization_f11() {
        let bob = || Invitee::Address(address("bob@example.com"));
        let row = |kind| Suppression { invitee: bob(), kind, at: World::new().now };
        let kept = [SuppressionKind::Invitations, SuppressionKind::Mail, SuppressionKind::Inclusion];
        assert_eq!(kept, SuppressionKind::ALL);
        for kind in kept {
            assert!(sound(|commit| commit.suppressions.push(RowChange::Insert(row(kind)))));
        }
        let everywhere = SuppressionKind::Everywhere;
        assert!(!sound(|commit| commit.suppressions.push(RowChange::Insert(row(everywhere)))));
        assert!(!sound(|commit| commit.suppressions.push(RowChange::Delete((bob(), everywhere)))));
    }

    #[test]
    fn the_header_of_a_sound_commit_is_at_the_version_of_its_last_event_sto_7() {
        for version in [0, 2, 3, 5] {
            assert!(!sound(|commit| header(commit).version = version), "{version}");
        }
        assert!(!sound(|commit| drop(commit.events.pop())));
        assert!(!sound(|commit| commit.version = u64::MAX));
        let nothing = |commit: &mut Commit, version| {
            commit.events.clear();
            (commit.version, header(commit).version) = (version, version);
        };
        assert!(sound(|commit| nothing(commit, 3)));
        assert!(!sound(|commit| nothing(commit, 0)), "what exists is not at version 0");
    }

    #[test]
    fn a_sound_commit_without_a_header_has_no_events_and_an_organization_that_exists_sto_7() {
        let headless = |version, events| {
            sound(|commit| {
                (commit.version, commit.header) = (version, None);
                commit.events.truncate(events);
            })
        };
        assert!(headless(1, 0) && headless(2, 0));
        assert!(!headless(0, 0));
        assert!(!headless(1, 2));
    }

    #[test]
    fn the_events_of_a_sound_commit_are_its_own_and_follow_its_version_without_a_gap_sto_7() {
        assert!(!sound(|commit| commit.events.swap(0, 1)));
        for sequence in [0, 2, 3, 5] {
            assert!(!sound(|commit| commit.events[1].sequence = sequence), "{sequence}");
        }
        for event in 0..2 {
            let other = CommitId::from_parts(commit().events[0].at, [9; 10]);
            assert!(!sound(|commit| commit.events[event].commit = other), "{event}");
        }
    }
}
