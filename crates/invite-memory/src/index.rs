//! Indexes over the rows of one organization, so that nothing scans.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::ops::Bound;

use chrono::{DateTime, Utc};
use invite_core::{
    Delivery, DeliveryId, EmailAddress, EventRecord, Former, Group, GroupId, GroupMember, GroupStatus,
    Invitation, InvitationId, InvitationState, InviteLink, Invitee, JoinRequest, JoinedBy, LinkId, Member,
    MemberStatus, RequestId, RequestState, RoleName, Scope, SeatClass, SortedSet, UserId,
};
use invite_storage::{Position, WhichLinks};

use crate::rows::Map;

/// Rows in the order of a list: by time, and among equal times by the text of their key.
pub(crate) type List<K> = BTreeSet<(DateTime<Utc>, K)>;

/// What tells apart rows of one time. Ordered as its text is, byte by byte.
pub(crate) trait Key: Ord + Clone {
    fn text(&self) -> String;
    fn parse(text: &str) -> Option<Self>;
}

/// The hexadecimal text of an id is ordered as its bytes are.
impl Key for InvitationId {
    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The hexadecimal text of an id is ordered as its bytes are.
impl Key for LinkId {
    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// The hexadecimal text of an id is ordered as its bytes are.
impl Key for RequestId {
    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Key for GroupId {
    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Key for UserId {
    fn text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

/// The key of a row of the roster. `i:` comes before `m:`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RosterKey {
    Invitation(InvitationId),
    Member(UserId),
}

impl Key for RosterKey {
    fn text(&self) -> String {
        match self {
            Self::Invitation(id) => format!("i:{id}"),
            Self::Member(user) => format!("m:{user}"),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text.split_at_checked(2)? {
            ("i:", id) => Key::parse(id).map(Self::Invitation),
            ("m:", user) => Key::parse(user).map(Self::Member),
            _ => None,
        }
    }
}

/// What members are filed under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Standing {
    /// All of them.
    Any,
    /// Those of a role in the organization.
    Role(RoleName),
    /// Those who joined by a link.
    Link(LinkId),
    /// Those charged to a seat class.
    Seat(SeatClass),
    /// Those in a status.
    Status(MemberStatus),
}

/// What groups are filed under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum GroupFile {
    /// All of them.
    Any,
    /// Those in a status.
    Status(&'static str),
    /// Those of a name.
    Name(String),
}

/// What invite links are filed under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LinkFile {
    /// All of them.
    Any,
    /// Those of a creator.
    By(UserId),
    /// Those with a grant in a group.
    In(GroupId),
}

/// What join requests are filed under, beside their stored state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum RequestFile {
    /// All of them.
    Any,
    /// Those made by a user.
    By(UserId),
    /// Those of which everything lies in a group.
    In(GroupId),
}

impl GroupFile {
    pub(crate) fn of(status: GroupStatus) -> Self {
        Self::Status(status.as_str())
    }
}

/// Everything here follows from the rows. No set or list in a map is empty.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Open invitations by invitee.
    pub(crate) open: Map<Invitee, SortedSet<InvitationId>>,
    /// Former members by when they left.
    pub(crate) former: List<UserId>,
    /// Open invitations by their end.
    pub(crate) due: BTreeSet<(DateTime<Utc>, InvitationId)>,
    /// Members by the end of the first of their grants that ends.
    pub(crate) ending: BTreeSet<(DateTime<Utc>, UserId)>,
    /// Invitations by inviter (`None`: of anybody) and stored state.
    pub(crate) filed: Map<(Option<UserId>, InvitationState), List<InvitationId>>,
    /// Members by address, the longest standing first.
    pub(crate) addresses: Map<EmailAddress, List<UserId>>,
    /// Invitations by the groups that they grant something in, and stored state.
    pub(crate) naming: Map<(GroupId, InvitationState), List<InvitationId>>,
    /// Members by what they are and how they joined.
    pub(crate) standing: Map<Standing, List<UserId>>,
    /// Members by group and role in it (`None`: of any).
    pub(crate) grouped: Map<(GroupId, Option<RoleName>), List<UserId>>,
    /// Groups by status and name.
    pub(crate) groups: Map<GroupFile, List<GroupId>>,
    /// Links by what they are filed under and whether they ended.
    pub(crate) links: Map<(LinkFile, WhichLinks), List<LinkId>>,
    /// Join requests by what they are filed under, and stored state.
    pub(crate) requests: Map<(RequestFile, RequestState), List<RequestId>>,
    /// Open join requests by invitee.
    pub(crate) asked: Map<Invitee, SortedSet<RequestId>>,
    /// Open join requests by their end.
    pub(crate) due_requests: BTreeSet<(DateTime<Utc>, RequestId)>,
    /// Members and open invitations.
    pub(crate) roster: List<RosterKey>,
    /// Invitations that ended and were not erased, by invitee.
    pub(crate) past: Map<Invitee, SortedSet<InvitationId>>,
    /// The same by their end.
    pub(crate) ended: BTreeSet<(DateTime<Utc>, InvitationId)>,
    /// Join requests by every name of whoever would join, unless that was erased.
    pub(crate) telling: Map<Invitee, SortedSet<RequestId>>,
    /// Join requests that ended and were not erased, by their end.
    pub(crate) ended_requests: BTreeSet<(DateTime<Utc>, RequestId)>,
    /// Events by invitation: where they stand.
    pub(crate) told_of: Map<InvitationId, Vec<usize>>,
    /// Events by join request: where they stand.
    pub(crate) told_of_request: Map<RequestId, Vec<usize>>,
    /// Events about no invitation by user: where they stand.
    pub(crate) told_of_user: Map<UserId, Vec<usize>>,
    /// Deliveries by invitation.
    pub(crate) mails: Map<InvitationId, SortedSet<(DateTime<Utc>, DeliveryId)>>,
}

impl Index {
    pub(crate) fn replace_invitation(&mut self, old: Option<&Invitation>, new: Option<&Invitation>) {
        if let Some(row) = old {
            for file in files(row) {
                leave(&mut self.filed, &file, &(row.created_at, row.id));
            }
            for named in named(row) {
                leave(&mut self.naming, &named, &(row.created_at, row.id));
            }
            if row.is_open() {
                self.roster.remove(&(row.created_at, RosterKey::Invitation(row.id)));
                leave_few(&mut self.open, &row.invitee, &row.id);
                if let Some(end) = row.expires_at.time() {
                    self.due.remove(&(end, row.id));
                }
            }
            if let Some(at) = row.past_since() {
                leave_few(&mut self.past, &row.invitee, &row.id);
                self.ended.remove(&(at, row.id));
            }
        }
        if let Some(row) = new {
            for file in files(row) {
                self.filed.entry(file).or_default().insert((row.created_at, row.id));
            }
            for named in named(row) {
                self.naming.entry(named).or_default().insert((row.created_at, row.id));
            }
            if row.is_open() {
                self.roster.insert((row.created_at, RosterKey::Invitation(row.id)));
                self.open.entry(row.invitee.clone()).or_default().insert(row.id);
                self.due.extend(row.expires_at.time().map(|end| (end, row.id)));
            }
            if let Some(at) = row.past_since() {
                self.past.entry(row.invitee.clone()).or_default().insert(row.id);
                self.ended.insert((at, row.id));
            }
        }
    }

    pub(crate) fn add_event(&mut self, at: usize, row: &EventRecord) {
        if let Some(id) = row.request {
            self.told_of_request.entry(id).or_default().push(at);
        }
        match (row.invitation, &row.user) {
            (Some(id), _) => self.told_of.entry(id).or_default().push(at),
            (None, Some(user)) => self.told_of_user.entry(user.clone()).or_default().push(at),
            (None, None) => {}
        }
    }

    /// An event that is taken back, with all that came after it.
    pub(crate) fn remove_event(&mut self, at: usize, row: &EventRecord) {
        if let Some(id) = row.request {
            forget_from(&mut self.told_of_request, &id, at);
        }
        match (row.invitation, &row.user) {
            (Some(id), _) => forget_from(&mut self.told_of, &id, at),
            (None, Some(user)) => forget_from(&mut self.told_of_user, user, at),
            (None, None) => {}
        }
    }

    pub(crate) fn replace_member(&mut self, old: Option<&Member>, new: Option<&Member>) {
        if let Some(row) = old {
            let position = (row.joined_at, row.user.clone());
            for standing in standings(row) {
                leave(&mut self.standing, &standing, &position);
            }
            if let Some(email) = &row.email {
                leave(&mut self.addresses, email, &position);
            }
            self.roster.remove(&(row.joined_at, RosterKey::Member(row.user.clone())));
            if let Some(end) = row.ends_at() {
                self.ending.remove(&(end, row.user.clone()));
            }
        }
        if let Some(row) = new {
            let position = (row.joined_at, row.user.clone());
            for standing in standings(row) {
                self.standing.entry(standing).or_default().insert(position.clone());
            }
            if let Some(email) = &row.email {
                self.addresses.entry(email.clone()).or_default().insert(position);
            }
            self.roster.insert((row.joined_at, RosterKey::Member(row.user.clone())));
            self.ending.extend(row.ends_at().map(|end| (end, row.user.clone())));
        }
    }

    pub(crate) fn replace_group_member(&mut self, old: Option<&GroupMember>, new: Option<&GroupMember>) {
        let files = |row: &GroupMember| [None, Some(row.role.clone())].map(|role| (row.group.clone(), role));
        let position = |row: &GroupMember| (row.joined_at, row.user.clone());
        if let Some(row) = old {
            files(row).iter().for_each(|file| leave(&mut self.grouped, file, &position(row)));
        }
        if let Some(row) = new {
            for file in files(row) {
                self.grouped.entry(file).or_default().insert(position(row));
            }
        }
    }

    pub(crate) fn replace_group(&mut self, old: Option<&Group>, new: Option<&Group>) {
        let files = |row: &Group| {
            [GroupFile::Any, GroupFile::of(row.status), GroupFile::Name(row.settings.name().to_owned())]
        };
        let position = |row: &Group| (row.created_at, row.id.clone());
        if let Some(row) = old {
            files(row).iter().for_each(|file| leave(&mut self.groups, file, &position(row)));
        }
        if let Some(row) = new {
            for file in files(row) {
                self.groups.entry(file).or_default().insert(position(row));
            }
        }
    }

    pub(crate) fn replace_link(&mut self, old: Option<&InviteLink>, new: Option<&InviteLink>) {
        if let Some(row) = old {
            for file in link_files(row) {
                leave(&mut self.links, &file, &(row.created_at, row.id));
            }
        }
        if let Some(row) = new {
            for file in link_files(row) {
                self.links.entry(file).or_default().insert((row.created_at, row.id));
            }
        }
    }

    pub(crate) fn replace_request(&mut self, old: Option<&JoinRequest>, new: Option<&JoinRequest>) {
        if let Some(row) = old {
            for file in request_files(row) {
                leave(&mut self.requests, &file, &(row.created_at, row.id));
            }
            if row.is_open() {
                leave_few(&mut self.asked, &row.invitee, &row.id);
                self.due_requests.remove(&(row.expires_at, row.id));
            }
            for name in row.invitees().filter(|name| !name.is_erased()) {
                leave_few(&mut self.telling, &name, &row.id);
            }
            if let Some(at) = row.past_since() {
                self.ended_requests.remove(&(at, row.id));
            }
        }
        if let Some(row) = new {
            for file in request_files(row) {
                self.requests.entry(file).or_default().insert((row.created_at, row.id));
            }
            if row.is_open() {
                self.asked.entry(row.invitee.clone()).or_default().insert(row.id);
                self.due_requests.insert((row.expires_at, row.id));
            }
            for name in row.invitees().filter(|name| !name.is_erased()) {
                self.telling.entry(name).or_default().insert(row.id);
            }
            if let Some(at) = row.past_since() {
                self.ended_requests.insert((at, row.id));
            }
        }
    }

    pub(crate) fn replace_former(&mut self, old: Option<&Former>, new: Option<&Former>) {
        if let Some(row) = old {
            self.former.remove(&(row.left_at, row.user.clone()));
        }
        self.former.extend(new.map(|row| (row.left_at, row.user.clone())));
    }

    pub(crate) fn replace_delivery(&mut self, old: Option<&Delivery>, new: Option<&Delivery>) {
        if let Some(row) = old {
            leave_few(&mut self.mails, &row.invitation, &(row.created_at, row.id));
        }
        if let Some(row) = new {
            self.mails.entry(row.invitation).or_default().insert((row.created_at, row.id));
        }
    }
}

/// The rows behind a position, in the order of the list.
pub(crate) fn ascending<'a, K: Key>(
    list: &'a List<K>,
    after: Option<&'a Position>,
) -> impl Iterator<Item = &'a K> {
    let behind = place(after).map_or(Bound::Unbounded, Bound::Excluded);
    let odd = no_place::<K>(after);
    let rows = list.range((behind, Bound::Unbounded));
    rows.filter(move |row| odd.is_none_or(|after| position(row) > *after)).map(|(_, key)| key)
}

/// The rows behind a position, against the order of the list.
pub(crate) fn descending<'a, K: Key>(
    list: &'a List<K>,
    after: Option<&'a Position>,
) -> impl Iterator<Item = &'a (DateTime<Utc>, K)> {
    let behind = place(after).map_or(Bound::Unbounded, Bound::Excluded);
    let odd = no_place::<K>(after);
    let rows = list.range((Bound::Unbounded, behind)).rev();
    rows.filter(move |row| odd.is_none_or(|after| position(row) < *after))
}

/// Where a position would stand in a list.
fn place<K: Key>(position: Option<&Position>) -> Option<(DateTime<Utc>, K)> {
    let Position { at, key } = position?;
    Some((*at, K::parse(key).filter(|parsed| parsed.text() == *key)?))
}

/// A position that no row can have, so that rows can only be compared with it as text.
fn no_place<K: Key>(position: Option<&Position>) -> Option<&Position> {
    position.filter(|_| place::<K>(position).is_none())
}

fn position<K: Key>((at, key): &(DateTime<Utc>, K)) -> Position {
    Position::new(*at, key.text())
}

fn files(row: &Invitation) -> impl Iterator<Item = (Option<UserId>, InvitationState)> {
    let state = row.stored_state();
    [Some(None), row.inviter.user().cloned().map(Some)]
        .into_iter()
        .flatten()
        .map(move |inviter| (inviter, state))
}

fn named(row: &Invitation) -> impl Iterator<Item = (GroupId, InvitationState)> {
    let state = row.stored_state();
    row.grants.scopes().filter_map(Scope::group).map(move |group| (group.clone(), state))
}

fn link_files(row: &InviteLink) -> impl Iterator<Item = (LinkFile, WhichLinks)> {
    let kept = row.is_kept().then_some(WhichLinks::Kept);
    let by = row.creator.user().cloned().map(LinkFile::By);
    let groups = row.settings.grants().scopes().filter_map(Scope::group).cloned().map(LinkFile::In);
    let files = [LinkFile::Any].into_iter().chain(by).chain(groups);
    files.flat_map(move |file| {
        [Some(WhichLinks::All), kept].into_iter().flatten().map(move |which| (file.clone(), which))
    })
}

fn request_files(row: &JoinRequest) -> impl Iterator<Item = (RequestFile, RequestState)> {
    let state = row.stored_state();
    let group = row.group().cloned().map(RequestFile::In);
    let files = [Some(RequestFile::Any), Some(RequestFile::By(row.by.clone())), group];
    files.into_iter().flatten().map(move |file| (file, state))
}

pub(crate) fn standings(row: &Member) -> impl Iterator<Item = Standing> {
    let role = row.grants.access(&Scope::Organization).map(|access| access.role_name().clone());
    let link = match row.joined_by {
        JoinedBy::Link { link, revision: _ } => Some(link),
        _ => None,
    };
    let filed = [
        Some(Standing::Any),
        role.map(Standing::Role),
        link.map(Standing::Link),
        row.seat.clone().map(Standing::Seat),
        Some(Standing::Status(row.status)),
    ];
    filed.into_iter().flatten()
}

fn leave<K: Hash + Eq, I: Ord>(sets: &mut Map<K, BTreeSet<I>>, key: &K, item: &I) {
    cut(sets, key, |set| {
        set.remove(item);
        set.is_empty()
    });
}

fn leave_few<K: Hash + Eq, I: Ord>(sets: &mut Map<K, SortedSet<I>>, key: &K, item: &I) {
    cut(sets, key, |set| {
        set.remove(item);
        set.is_empty()
    });
}

fn forget_from<K: Hash + Eq>(places: &mut Map<K, Vec<usize>>, key: &K, from: usize) {
    cut(places, key, |list| {
        list.truncate(list.partition_point(|at| *at < from));
        list.is_empty()
    });
}

/// Takes something out of what is filed under a key, and the key with it once nothing is left.
fn cut<K: Hash + Eq, F>(files: &mut Map<K, F>, key: &K, take: impl FnOnce(&mut F) -> bool) {
    if files.get_mut(key).is_some_and(take) {
        files.remove(key);
    }
}
