//! Pages: each of a fixed order, each page found by the key of the last row before it.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Actor, Circle, CommitId, Delivery, Former, Group, GroupId, GroupStatus, Invitation, InvitationId,
    InvitationState, InviteLink, Invitee, JoinRequest, LinkId, Member, MemberStatus, OrganizationId,
    OrganizationStatus, RequestId, RequestState, RoleName, SeatClass, Suppression, UserId,
};
use serde::Serialize;

use crate::{Position, StorageError};

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "every adapter reads both")]
pub struct Seek {
    /// Only rows behind this one, in the list's order; `None` begins at the beginning.
    pub after: Option<Position>,
    /// At most so many rows.
    pub limit: u32,
}

/// Which invitations. What is `None` does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "every adapter takes all of it apart")]
pub struct InvitationFilter {
    /// In this state at the time of the question.
    pub state: Option<InvitationState>,
    /// By this inviter.
    pub inviter: Option<UserId>,
    /// With a grant in this group. What was granted when it ended counts for one that ended.
    pub group: Option<GroupId>,
}

/// Which members. What is `None` does not restrict. How somebody else than by a link became a member stands in
/// [`Member::joined_by`], and is not searched for: not an invitation or its inviter, a domain, a request, or who included
/// them.
///
/// The first of group, link, role, seat and status that is given finds the members; the others are looked at on each of those.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "every adapter takes all of it apart")]
pub struct MemberFilter {
    /// With a grant in this group.
    pub group: Option<GroupId>,
    /// Who became a member by this invite link, with any revision of its settings: by themselves, or when what they asked by
    /// it was approved. Not who was a member already and only came into a group by it.
    pub link: Option<LinkId>,
    /// Of this role in the group that is asked for, or else in the organization.
    pub role: Option<RoleName>,
    /// Charged to this seat class.
    pub seat: Option<SeatClass>,
    /// In this status.
    pub status: Option<MemberStatus>,
}

/// Which groups. What is `None` does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "every adapter takes all of it apart")]
pub struct GroupFilter {
    /// In this status.
    pub status: Option<GroupStatus>,
    /// Of exactly this name. Several groups may have the same.
    pub name: Option<String>,
}

/// Whether links that ended are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums, reason = "every adapter looks up both")]
pub enum WhichLinks {
    /// All, those that ended among them.
    #[default]
    All,
    /// Those that did not end. They may be off, or their time over.
    Kept,
}

/// Which invite links. What is not given does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "every adapter takes all of it apart")]
pub struct LinkFilter {
    /// Whether also those that ended.
    pub which: WhichLinks,
    /// Whose creator is this user.
    pub creator: Option<UserId>,
    /// That grant something in this group.
    pub group: Option<GroupId>,
}

/// Which join requests. What is `None` does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[allow(clippy::exhaustive_structs, reason = "every adapter takes all of it apart")]
pub struct RequestFilter {
    /// In this state at the time of the question.
    pub state: Option<RequestState>,
    /// Those of which everything lies in this group, as [`JoinRequest::group`] says.
    pub group: Option<GroupId>,
    /// Made by this user, for themselves or as a proposal.
    pub by: Option<UserId>,
}

/// An invitation with the mail that was queued for it last (A3, F8).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what a row of the list is made of")]
pub struct InvitationEntry {
    /// The invitation.
    pub invitation: Invitation,
    /// The last mail queued for it; `None` if none was.
    pub delivery: Option<Delivery>,
}

/// A row of the roster: members and open invitations in one list (D4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a member or an open invitation; there is no third")]
#[allow(clippy::large_enum_variant, reason = "a page of rows is read once; a box for each would cost more")]
pub enum RosterEntry {
    /// A member, at the time of joining.
    Member(Member),
    /// An invitation pending at the time of the question, at the time of its making.
    Invitation(InvitationEntry),
}

/// A row of somebody's inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what a row of the list is made of")]
pub struct InboxEntry {
    /// The organization that invites.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// The invitation.
    pub invitation: Invitation,
}

/// A row of a user's memberships.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what a row of the list is made of")]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// Whether it works.
    pub status: OrganizationStatus,
    /// The member.
    pub member: Member,
}

/// A row of what a user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what a row of the list is made of")]
pub struct RequestEntry {
    /// The organization that was asked.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// Whether it works.
    pub status: OrganizationStatus,
    /// The join request.
    pub request: JoinRequest,
}

/// Where somebody was a member.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what a row of the list is made of")]
pub struct FormerMembership {
    /// The organization.
    pub organization: OrganizationId,
    /// When they last ceased to be a member, and what they held.
    pub former: Former,
}

/// What somebody does not want, and from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what a row of the list is made of")]
pub struct SuppressionEntry {
    /// The organization and its name; `None` for all of them.
    pub organization: Option<(OrganizationId, String)>,
    /// What.
    pub suppression: Suppression,
}

/// A row of the event log. Kinds and data that the reader does not know are passed through.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "what a row of the list is made of")]
pub struct EventEntry {
    /// Its place in the log: 1 for the first, without gaps.
    pub sequence: u64,
    /// The commit that made it true.
    pub commit: CommitId,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What kind of fact.
    pub kind: String,
    /// The format of `data`.
    pub format: u16,
    /// The invitation it is about.
    pub invitation: Option<InvitationId>,
    /// The user it is about.
    pub user: Option<UserId>,
    /// The group it is about.
    pub group: Option<GroupId>,
    /// The invite link it is about.
    pub link: Option<LinkId>,
    /// The join request it is about.
    pub request: Option<RequestId>,
    /// What was and what is, as JSON.
    pub data: String,
}

/// What knows its place in the list that it is a row of.
pub trait Positioned {
    /// The key that the list is ordered by.
    fn position(&self) -> Position;
}

impl Positioned for InvitationEntry {
    fn position(&self) -> Position {
        Position::new(self.invitation.created_at, self.invitation.id.to_string())
    }
}

impl Positioned for Member {
    fn position(&self) -> Position {
        Position::new(self.joined_at, self.user.as_str())
    }
}

impl Positioned for Group {
    fn position(&self) -> Position {
        Position::new(self.created_at, self.id.as_str())
    }
}

impl Positioned for InviteLink {
    fn position(&self) -> Position {
        Position::new(self.created_at, self.id.to_string())
    }
}

impl Positioned for JoinRequest {
    fn position(&self) -> Position {
        Position::new(self.created_at, self.id.to_string())
    }
}

/// Keys are `i:` with the id of an invitation and `m:` with the user of a member.
impl Positioned for RosterEntry {
    fn position(&self) -> Position {
        match self {
            Self::Member(member) => Position::new(member.joined_at, format!("m:{}", member.user)),
            Self::Invitation(entry) => {
                Position::new(entry.invitation.created_at, format!("i:{}", entry.invitation.id))
            }
        }
    }
}

impl Positioned for InboxEntry {
    fn position(&self) -> Position {
        Position::new(self.invitation.created_at, self.invitation.id.to_string())
    }
}

impl Positioned for Membership {
    fn position(&self) -> Position {
        Position::new(self.member.joined_at, self.organization.as_str())
    }
}

impl Positioned for RequestEntry {
    fn position(&self) -> Position {
        self.request.position()
    }
}

/// The lists of a store. Texts in keys are compared byte by byte.
#[async_trait]
pub trait Pages: Send + Sync + 'static {
    /// Members and open invitations in one list, the newest first: by `(time, key)` descending, where time is
    /// that of joining or of making, and the key is that of [`RosterEntry::position`](Positioned::position).
    ///
    /// # Errors
    /// [`StorageError`]
    async fn roster(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError>;

    /// Invitations, the newest first: by `(created_at, id)` descending.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError>;

    /// Members, the longest standing first: by `(joined_at, user)`.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError>;

    /// Groups, the oldest first: by `(created_at, id)`.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn groups(
        &self,
        organization: &OrganizationId,
        filter: &GroupFilter,
        seek: &Seek,
    ) -> Result<Vec<Group>, StorageError>;

    /// Invite links, the newest first: by `(created_at, id)` descending.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn links(
        &self,
        organization: &OrganizationId,
        filter: &LinkFilter,
        seek: &Seek,
    ) -> Result<Vec<InviteLink>, StorageError>;

    /// Join requests, the newest first: by `(created_at, id)` descending.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn requests(
        &self,
        organization: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError>;

    /// Invitations of any of these invitees that [wait](Invitation::waits_at) at `now`, in all active organizations, the newest
    /// first: by `(created_at, id)` descending. At most 32 invitees.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError>;

    /// For each of the same invitations its organization, in any order, at most `limit`: for a count of them, which reads no
    /// rows. At most 32 invitees.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn waiting(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError>;

    /// A user's memberships in all organizations, suspended ones included, the longest standing first: by
    /// `(joined_at, organization)`.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError>;

    /// Join requests that a user made, for themselves or as proposals, in all organizations and in every state, the
    /// newest first: by `(created_at, id)` descending.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn requests_by(&self, user: &UserId, seek: &Seek) -> Result<Vec<RequestEntry>, StorageError>;

    /// Where a user was a member, the last to be left first: by `(left_at, organization)` descending. At most `limit`.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn former_memberships(
        &self,
        user: &UserId,
        limit: u32,
    ) -> Result<Vec<FormerMembership>, StorageError>;

    /// Who is in each of these circles, at most `limit` of each, the newest first: by `(time, user)` descending, where
    /// time is that of joining the organization, or of leaving it for former members. Nobody who is suspended there, and
    /// nobody in a group that is closed.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError>;

    /// What these invitees do not want, in any organization and everywhere, the newest first: by `at` descending, and
    /// in any order among equal times. At most `limit`. At most 32 invitees.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn suppressions(
        &self,
        invitees: &[Invitee],
        limit: u32,
    ) -> Result<Vec<SuppressionEntry>, StorageError>;

    /// Event records behind a sequence, in order; 0 begins at the beginning.
    ///
    /// # Errors
    /// [`StorageError`]
    async fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError>;
}
