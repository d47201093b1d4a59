//! The part of an organization that a command sees.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use chrono::{DateTime, Utc};

use super::table::Table;
use crate::{
    CommandKey, CommandRecord, EmailAddress, Grants, Group, GroupId, Invitation, InvitationId, InviteLink,
    Invitee, JoinRequest, LimitSubject, LinkId, Member, Organization, OrganizationId, OrganizationStatus,
    Reads, RequestId, RequestWay, Scope, SortedSet, Suppression, SuppressionKind, UserId,
};

/// A decision asked for something that was not loaded. A bug of ours, never a "not found".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a decision asked for {what}, which was not loaded")]
pub struct NotLoaded {
    what: &'static str,
}

/// The join requests for somebody where there is none.
static NOBODY: BTreeSet<RequestId> = BTreeSet::new();

fn loaded<T>(answer: Option<T>, what: &'static str) -> Result<T, NotLoaded> {
    answer.ok_or(NotLoaded { what })
}

/// What an invitee has, or does not want.
#[derive(Debug, Clone, Default)]
pub(super) struct Addressed {
    /// The open invitations, by id.
    pub(super) open: BTreeSet<InvitationId>,
    pub(super) suppressions: BTreeMap<SuppressionKind, DateTime<Utc>>,
}

/// The part of one organization that a command sees, as it was at one version.
///
/// Every question has three answers: found, absent, or not loaded, and the last is an error.
///
/// A store fills it in rounds: it starts with the organization's row, asks [`open`](Self::open) which keys
/// are still unanswered, looks those up, answers them with the `answer_*` methods, and asks again until
/// none is open. The rules of what brings what along are thus here, once.
#[derive(Debug, Clone)]
pub struct Slice {
    id: OrganizationId,
    pub(super) organization: Option<Organization>,
    pub(super) members: Table<UserId, Option<Box<Member>>>,
    pub(super) by_address: Table<EmailAddress, Option<UserId>>,
    pub(super) invitations: Table<InvitationId, Option<Box<Invitation>>>,
    pub(super) addressed: Table<Invitee, Addressed>,
    pub(super) limits: Table<LimitSubject, Option<DateTime<Utc>>>,
    pub(super) commands: Table<CommandKey, Option<CommandRecord>>,
    pub(super) mailed: Table<InvitationId, Option<DateTime<Utc>>>,
    pub(super) sent_by: Table<UserId, Vec<InvitationId>>,
    pub(super) due: Option<Due>,
    pub(super) groups: Table<GroupId, Option<Box<Group>>>,
    pub(super) links: Table<LinkId, Option<Box<InviteLink>>>,
    pub(super) requests: Table<RequestId, Option<Box<JoinRequest>>>,
    /// The open join requests for an invitee, by id.
    pub(super) asked: Table<Invitee, BTreeSet<RequestId>>,
    /// The organization had no open join request when this was loaded: there is none for anybody.
    pub(super) nobody_asked: bool,
    pub(super) due_requests: Option<DueRequests>,
    pub(super) kept_links: bool,
    pub(super) closing: Option<Closing>,
    pub(super) past: Table<Invitee, Past>,
    pub(super) overdue: Option<Overdue>,
}

/// What an invitee had: invitations that ended and were not erased, join requests, and whether there are more than were
/// loaded.
#[derive(Debug, Clone, Default)]
pub(super) struct Past {
    pub(super) ids: BTreeSet<InvitationId>,
    pub(super) requests: BTreeSet<RequestId>,
    pub(super) more: bool,
}

/// Invitations and join requests of anybody that are to be erased, in their order, and whether there are more than were
/// loaded.
#[derive(Debug, Clone)]
pub(super) struct Overdue {
    pub(super) ids: Vec<InvitationId>,
    pub(super) requests: Vec<RequestId>,
    pub(super) more: bool,
}

/// Rows that name a closed group.
#[derive(Debug, Clone)]
pub(crate) struct Closing {
    pub(crate) group: GroupId,
    pub(crate) members: Vec<UserId>,
    pub(crate) invitations: Vec<InvitationId>,
    pub(crate) requests: Vec<RequestId>,
    /// Whether there are more than were loaded.
    pub(crate) more: bool,
}

/// Open invitations past their expiry, and members whose access ended.
#[derive(Debug, Clone, Default)]
pub(super) struct Due {
    pub(super) ids: Vec<InvitationId>,
    pub(super) members: Vec<UserId>,
    pub(super) more: bool,
}

/// Open join requests past their expiry.
#[derive(Debug, Clone, Default)]
pub(super) struct DueRequests {
    pub(super) ids: Vec<RequestId>,
    pub(super) more: bool,
}

/// Keys that are not answered, in the order in which they were found missing.
#[derive(Default)]
struct Needed {
    members: Vec<UserId>,
    addresses: Vec<EmailAddress>,
    invitees: Vec<Invitee>,
    asked: Vec<Invitee>,
    groups: Vec<GroupId>,
    links: Vec<LinkId>,
}

fn unanswered<K: Ord + Clone, V>(keys: &SortedSet<K>, answers: &Table<K, V>) -> SortedSet<K> {
    keys.iter().filter(|key| !answers.contains_key(*key)).cloned().collect()
}

impl Slice {
    /// Starts with the organization's row, or with its absence.
    #[must_use]
    pub fn new(id: OrganizationId, organization: Option<Organization>) -> Self {
        let nobody_asked = organization.as_ref().is_none_or(|organization| organization.counts.requests == 0);
        Self {
            id,
            organization,
            members: Table::default(),
            by_address: Table::default(),
            invitations: Table::default(),
            addressed: Table::default(),
            limits: Table::default(),
            commands: Table::default(),
            mailed: Table::default(),
            sent_by: Table::default(),
            due: None,
            groups: Table::default(),
            links: Table::default(),
            requests: Table::default(),
            asked: Table::default(),
            nobody_asked,
            due_requests: None,
            kept_links: false,
            closing: None,
            past: Table::default(),
            overdue: None,
        }
    }

    /// The keys that are needed and not answered yet. Empty when the slice is complete.
    ///
    /// Answering keys may open further ones, by the table of [`Reads`]; it takes four rounds at the most.
    #[must_use]
    pub fn open(&self, reads: &Reads) -> Reads {
        let mut needed = Needed::default();
        for user in reads.members.iter().chain(&reads.people) {
            self.need_member(&mut needed, user);
        }
        for address in &reads.addresses {
            self.need_address(&mut needed, address);
        }
        for invitee in &reads.invitees {
            self.need_invitee(&mut needed, invitee);
        }
        for user in &reads.people {
            self.need_person(&mut needed, user);
        }
        for invitation in self.found(reads.invitations.iter()) {
            if let Some(inviter) = invitation.inviter.user() {
                self.need_member(&mut needed, inviter);
            }
            self.need_invitee(&mut needed, &invitation.invitee);
            self.need_groups(&mut needed, &invitation.grants);
        }
        for group in reads.groups.iter().filter(|group| !self.groups.contains_key(*group)) {
            needed.groups.push(group.clone());
        }
        let verified = self.organization.iter().flat_map(|organization| &organization.verified);
        for (_, set) in verified.filter(|(domain, _)| reads.domains.contains(domain.as_str())) {
            self.need_groups(&mut needed, &set.grants);
        }
        for invitee in &reads.asked {
            self.need_asked(&mut needed, invitee);
        }
        let requests = reads.requests.iter().filter_map(|id| self.requests.get(id)?.as_deref());
        let mut links = reads.links.iter().copied().collect::<Vec<_>>();
        for request in requests {
            self.need_member(&mut needed, &request.by);
            request.invitees().for_each(|invitee| self.need_invitee(&mut needed, &invitee));
            if let Some(user) = request.invitee.user() {
                self.need_person(&mut needed, user);
            }
            self.need_groups(&mut needed, &request.grants);
            if let RequestWay::Link { link, .. } = request.way {
                links.push(link);
            }
        }
        needed.links.extend(links.iter().filter(|id| !self.links.contains_key(*id)));
        for link in links.iter().filter_map(|id| self.links.get(id)?.as_deref()) {
            if let Some(creator) = link.creator.user() {
                self.need_member(&mut needed, creator);
            }
            self.need_groups(&mut needed, &link.settings.grants);
        }
        let sent = reads.sent_by.iter().filter_map(|inviter| self.sent_by.get(inviter)).flatten();
        let due = self.due.iter().flat_map(|due| &due.ids);
        let closing = self.closing.iter().flat_map(|closing| &closing.invitations);
        for invitation in self.found(sent.chain(due).chain(closing)) {
            self.need_invitee(&mut needed, &invitation.invitee);
        }
        let names = self.names_of(&reads.past);
        for name in &names {
            self.need_invitee(&mut needed, name);
            let past = self.past.get(name).into_iter().flat_map(|past| &past.ids);
            let ended = self.found(past).filter_map(|row| row.ended.as_ref());
            for user in ended.filter_map(|(ending, _)| ending.user()) {
                self.need_member(&mut needed, user);
            }
        }
        if let Some(due) = &self.due {
            due.members.iter().for_each(|user| self.need_person(&mut needed, user));
        }
        if let Some(closing) = &self.closing {
            closing.members.iter().for_each(|user| self.need_person(&mut needed, user));
            needed.groups.extend(Some(&closing.group).filter(|id| !self.groups.contains_key(*id)).cloned());
        }

        let invitation =
            |id: &&InvitationId| !self.invitations.contains_key(*id) || !self.mailed.contains_key(*id);
        let due = if self.due.is_none() && self.organization.is_some() { reads.due } else { 0 };
        let settled = self.organization.as_ref().filter(|_| reads.closing > 0);
        let closes_group = settled.is_some_and(|row| !row.closing.is_empty());
        let closed = settled.is_some_and(|row| row.status == OrganizationStatus::Closed);
        let closing = if self.closing.is_none() && closes_group { reads.closing } else { 0 };
        let asked = self.due_requests.is_none() && !self.nobody_asked;
        let due_requests = if asked { reads.due_requests } else { 0 };
        let overdue = if self.overdue.is_none() && self.organization.is_some() { reads.overdue } else { 0 };
        Reads {
            invitations: reads.invitations.iter().filter(invitation).copied().collect(),
            invitees: needed.invitees.into_iter().collect(),
            members: needed.members.into_iter().collect(),
            people: SortedSet::new(),
            addresses: needed.addresses.into_iter().collect(),
            sent_by: unanswered(&reads.sent_by, &self.sent_by),
            groups: needed.groups.into_iter().collect(),
            links: needed.links.into_iter().collect(),
            requests: unanswered(&reads.requests, &self.requests),
            asked: needed.asked.into_iter().collect(),
            domains: SortedSet::new(),
            kept_links: (reads.kept_links || closes_group || closed) && !self.kept_links,
            limits: unanswered(&reads.limits, &self.limits),
            commands: unanswered(&reads.commands, &self.commands),
            due,
            due_requests,
            closing,
            past: unanswered(&names, &self.past),
            overdue,
            retention: reads.retention,
        }
    }

    /// All names of whoever has one of these: with an address comes the member who joined with it, and with a user the
    /// address that they joined with, as far as that is known yet.
    pub(crate) fn names_of<'a>(&self, person: impl IntoIterator<Item = &'a Invitee>) -> SortedSet<Invitee> {
        let mut names = SortedSet::new();
        let mut next = person.into_iter().filter(|name| !name.is_erased()).cloned().collect::<Vec<_>>();
        while let Some(name) = next.pop() {
            if names.contains(&name) {
                continue;
            }
            let other = match &name {
                Invitee::Address(address) => {
                    self.by_address.get(address).cloned().flatten().map(Invitee::User)
                }
                Invitee::User(user) => {
                    let member = self.members.get(user).and_then(Option::as_deref);
                    member.and_then(|member| member.email.clone()).map(Invitee::Address)
                }
                Invitee::Erased(_) => None,
            };
            next.extend(other);
            names.insert(name);
        }
        names
    }

    fn need_person(&self, needed: &mut Needed, user: &UserId) {
        self.need_invitee(needed, &Invitee::User(user.clone()));
        let member = self.members.get(user).and_then(Option::as_deref);
        if let Some(email) = member.and_then(|member| member.email.as_ref()) {
            self.need_invitee(needed, &Invitee::Address(email.clone()));
        }
    }

    fn need_groups(&self, needed: &mut Needed, grants: &Grants) {
        let unknown =
            grants.scopes().filter_map(Scope::group).filter(|group| !self.groups.contains_key(group));
        needed.groups.extend(unknown.cloned());
    }

    fn need_member(&self, needed: &mut Needed, user: &UserId) {
        if !self.members.contains_key(user) {
            needed.members.push(user.clone());
        }
    }

    fn need_address(&self, needed: &mut Needed, address: &EmailAddress) {
        if !self.by_address.contains_key(address) {
            needed.addresses.push(address.clone());
        }
    }

    fn need_invitee(&self, needed: &mut Needed, invitee: &Invitee) {
        match self.addressed.get(invitee) {
            None => needed.invitees.push(invitee.clone()),
            Some(addressed) => self
                .found(&addressed.open)
                .for_each(|invitation| self.need_groups(needed, &invitation.grants)),
        }
        self.need_asked(needed, invitee);
        match invitee {
            Invitee::User(user) => self.need_member(needed, user),
            Invitee::Address(address) => self.need_address(needed, address),
            Invitee::Erased(_) => {}
        }
    }

    fn need_asked(&self, needed: &mut Needed, invitee: &Invitee) {
        if !self.nobody_asked && !self.asked.contains_key(invitee) {
            needed.asked.push(invitee.clone());
        }
    }

    fn found<'a>(
        &'a self,
        ids: impl IntoIterator<Item = &'a InvitationId>,
    ) -> impl Iterator<Item = &'a Invitation> {
        ids.into_iter().filter_map(|id| self.invitations.get(id)?.as_deref())
    }

    /// Answers a member key.
    pub fn answer_member(&mut self, user: UserId, member: Option<Member>) {
        self.members.insert(user, member.map(Box::new));
    }

    /// Answers an address key with the member who joined with it.
    pub fn answer_address(&mut self, address: EmailAddress, member: Option<Member>) {
        self.by_address.insert(address, member.as_ref().map(|member| member.user.clone()));
        if let Some(member) = member {
            self.members.insert_new(member.user.clone(), || Some(Box::new(member)));
        }
    }

    /// Answers an invitation key: the row, and when it was last mailed in its present revision.
    pub fn answer_invitation(
        &mut self,
        id: InvitationId,
        invitation: Option<Invitation>,
        mailed_at: Option<DateTime<Utc>>,
    ) {
        self.invitations.insert(id, invitation.map(Box::new));
        self.mailed.insert(id, mailed_at);
    }

    /// Answers an invitee key: all of its open invitations, past their expiry or not, and its suppressions, here and
    /// [everywhere](SuppressionKind::Everywhere).
    pub fn answer_invitee(
        &mut self,
        invitee: Invitee,
        open: Vec<Invitation>,
        suppressions: impl IntoIterator<Item = Suppression>,
    ) {
        let addressed = Addressed {
            open: open.iter().map(|invitation| invitation.id).collect(),
            suppressions: suppressions.into_iter().map(|row| (row.kind, row.at)).collect(),
        };
        self.addressed.insert(invitee, addressed);
        self.bring(open);
    }

    /// Answers an inviter key: their open invitations, at most [`Reads::MAX_SENT`] and one more as a sign
    /// that there are more.
    pub fn answer_sent_by(&mut self, user: UserId, open: Vec<Invitation>) {
        self.sent_by.insert(user, open.iter().map(|invitation| invitation.id).collect());
        self.bring(open);
    }

    /// Answers a group key.
    pub fn answer_group(&mut self, id: GroupId, group: Option<Group>) {
        self.groups.insert(id, group.map(Box::new));
    }

    /// Answers a link key.
    pub fn answer_link(&mut self, id: LinkId, link: Option<InviteLink>) {
        self.links.insert(id, link.map(Box::new));
    }

    /// Answers a request key.
    pub fn answer_request(&mut self, id: RequestId, request: Option<JoinRequest>) {
        self.requests.insert(id, request.map(Box::new));
    }

    /// Answers which join requests for an invitee are open, past their expiry or not: all of them.
    pub fn answer_asked(&mut self, invitee: Invitee, open: Vec<JoinRequest>) {
        self.asked.insert(invitee, open.iter().map(|request| request.id).collect());
        self.bring_requests(open);
    }

    /// Answers which join requests are due: open ones past their expiry, and whether there are more.
    pub fn answer_due_requests(&mut self, due: Vec<JoinRequest>, more: bool) {
        let ids = due.iter().map(|request| request.id).collect();
        self.due_requests = Some(DueRequests { ids, more });
        self.bring_requests(due);
    }

    fn bring_requests(&mut self, requests: Vec<JoinRequest>) {
        for request in requests {
            self.requests.insert_new(request.id, || Some(Box::new(request)));
        }
    }

    /// Answers which links did not end: all of them.
    pub fn answer_kept_links(&mut self, links: Vec<InviteLink>) {
        self.kept_links = true;
        for link in links {
            self.links.insert_new(link.id, || Some(Box::new(link)));
        }
    }

    /// Answers who and what still names a group, the first of [`Organization::closing`]: members, open invitations, open
    /// join requests [to nothing else](JoinRequest::group), and whether there are more of any.
    pub fn answer_closing(
        &mut self,
        group: GroupId,
        members: Vec<Member>,
        invitations: Vec<Invitation>,
        requests: Vec<JoinRequest>,
        more: bool,
    ) {
        let users = members.iter().map(|member| member.user.clone()).collect();
        let ids = invitations.iter().map(|invitation| invitation.id).collect();
        let asked = requests.iter().map(|request| request.id).collect();
        self.closing = Some(Closing { group, members: users, invitations: ids, requests: asked, more });
        self.bring_requests(requests);
        for member in members {
            self.members.insert_new(member.user.clone(), || Some(Box::new(member)));
        }
        self.bring(invitations);
    }

    /// Answers which invitations of an invitee ended and were not erased, and which join requests, open or ended, tell the
    /// invitee as [`JoinRequest::invitees`] says; at most [`Reads::PAST`] of each, and whether there are more of either.
    pub fn answer_past(
        &mut self,
        invitee: Invitee,
        ended: Vec<Invitation>,
        requests: Vec<JoinRequest>,
        more: bool,
    ) {
        let ids = ended.iter().map(|invitation| invitation.id).collect();
        let request_ids = requests.iter().map(|request| request.id).collect();
        self.past.insert(invitee, Past { ids, requests: request_ids, more });
        self.bring(ended);
        self.bring_requests(requests);
    }

    /// Answers what is overdue: invitations and join requests that ended before [`Organization::erased_until`] and were not
    /// erased, the longest ended first, and whether there are more of either.
    pub fn answer_overdue(&mut self, ended: Vec<Invitation>, requests: Vec<JoinRequest>, more: bool) {
        let ids = ended.iter().map(|invitation| invitation.id).collect();
        let request_ids = requests.iter().map(|request| request.id).collect();
        self.overdue = Some(Overdue { ids, requests: request_ids, more });
        self.bring(ended);
        self.bring_requests(requests);
    }

    /// Answers a limit key.
    pub fn answer_limit(&mut self, subject: LimitSubject, kept: Option<DateTime<Utc>>) {
        self.limits.insert(subject, kept);
    }

    /// Answers a command key.
    pub fn answer_command(&mut self, key: CommandKey, record: Option<CommandRecord>) {
        self.commands.insert(key, record);
    }

    /// Answers what is due: open invitations past their expiry, members whose access ended, and whether there are
    /// more of either.
    pub fn answer_due(&mut self, invitations: Vec<Invitation>, members: Vec<Member>, more: bool) {
        let ids = invitations.iter().map(|invitation| invitation.id).collect();
        let users = members.iter().map(|member| member.user.clone()).collect();
        self.due = Some(Due { ids, members: users, more });
        self.bring(invitations);
        for member in members {
            self.members.insert_new(member.user.clone(), || Some(Box::new(member)));
        }
    }

    /// The same row may come by several keys; all of them were read at one version.
    fn bring(&mut self, invitations: Vec<Invitation>) {
        for invitation in invitations {
            self.invitations.insert_new(invitation.id, || Some(Box::new(invitation)));
        }
    }

    /// The organization's id.
    #[must_use]
    pub fn id(&self) -> &OrganizationId {
        &self.id
    }

    /// The organization, unless there is none of that id.
    #[must_use]
    pub fn organization(&self) -> Option<&Organization> {
        self.organization.as_ref()
    }

    /// The version that was read; 0 for an organization that does not exist.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.organization.as_ref().map_or(0, |organization| organization.version)
    }

    /// A member.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn member(&self, user: &UserId) -> Result<Option<&Member>, NotLoaded> {
        loaded(self.members.get(user), "a member").map(Option::as_deref)
    }

    /// The member who joined with an address.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn member_with(&self, address: &EmailAddress) -> Result<Option<&Member>, NotLoaded> {
        match loaded(self.by_address.get(address), "a member's address")? {
            Some(user) => self.member(user),
            None => Ok(None),
        }
    }

    /// The membership of an invitee: of the user, or of whoever joined with the address.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn member_of(&self, invitee: &Invitee) -> Result<Option<&Member>, NotLoaded> {
        match invitee {
            Invitee::User(user) => self.member(user),
            Invitee::Address(address) => self.member_with(address),
            Invitee::Erased(_) => Ok(None),
        }
    }

    /// An invitation.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn invitation(&self, id: InvitationId) -> Result<Option<&Invitation>, NotLoaded> {
        loaded(self.invitations.get(&id), "an invitation").map(Option::as_deref)
    }

    /// When an invitation was last mailed in its present revision.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn mailed_at(&self, id: InvitationId) -> Result<Option<DateTime<Utc>>, NotLoaded> {
        loaded(self.mailed.get(&id), "when an invitation was mailed").copied()
    }

    /// The open invitations of an invitee, past their expiry or not.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn open_of<'a>(
        &'a self,
        invitee: &Invitee,
    ) -> Result<impl Iterator<Item = &'a Invitation> + use<'a>, NotLoaded> {
        Ok(loaded(self.addressed.get(invitee), "an invitee")?
            .open
            .iter()
            .filter_map(|id| self.invitations.get(id)?.as_deref()))
    }

    /// The open invitations of an inviter, and whether there are more than were loaded.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn sent_by<'a>(
        &'a self,
        inviter: &UserId,
    ) -> Result<(impl Iterator<Item = &'a Invitation> + use<'a>, bool), NotLoaded> {
        let ids = loaded(self.sent_by.get(inviter), "the invitations of an inviter")?;
        let rows = ids.iter().take(Reads::MAX_SENT);
        let rows = rows.filter_map(|id| self.invitations.get(id)?.as_deref()).filter(|row| row.is_open());
        Ok((rows, ids.len() > Reads::MAX_SENT))
    }

    /// What is due: open invitations past their expiry as they were loaded, the longest past first, and
    /// whether there is more than was loaded, of these or of [members](Self::due_access).
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn due<'a>(&'a self) -> Result<(impl Iterator<Item = &'a Invitation> + use<'a>, bool), NotLoaded> {
        let due = loaded(self.due.as_ref(), "what is due")?;
        Ok((due.ids.iter().filter_map(|id| self.invitations.get(id)?.as_deref()), due.more))
    }

    /// The invitations of an invitee that ended and were not erased, and whether there is more than was loaded, of these
    /// or of [join requests](Self::past_requests_of).
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn past_of<'a>(
        &'a self,
        invitee: &Invitee,
    ) -> Result<(impl Iterator<Item = &'a Invitation> + use<'a>, bool), NotLoaded> {
        let past = loaded(self.past.get(invitee), "what an invitee had")?;
        Ok((past.ids.iter().filter_map(|id| self.invitations.get(id)?.as_deref()), past.more))
    }

    /// The join requests that tell an invitee, open or ended.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn past_requests_of<'a>(
        &'a self,
        invitee: &Invitee,
    ) -> Result<impl Iterator<Item = &'a JoinRequest> + use<'a>, NotLoaded> {
        let past = loaded(self.past.get(invitee), "what an invitee asked for")?;
        Ok(past.requests.iter().filter_map(|id| self.requests.get(id)?.as_deref()))
    }

    /// The invitations that are overdue as they were loaded, the longest ended first, and whether there is more than was
    /// loaded, of these or of [join requests](Self::overdue_requests).
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn overdue<'a>(
        &'a self,
    ) -> Result<(impl Iterator<Item = &'a Invitation> + use<'a>, bool), NotLoaded> {
        let overdue = loaded(self.overdue.as_ref(), "what is overdue")?;
        Ok((overdue.ids.iter().filter_map(|id| self.invitations.get(id)?.as_deref()), overdue.more))
    }

    /// The join requests that are overdue as they were loaded, the longest ended first.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn overdue_requests<'a>(
        &'a self,
    ) -> Result<impl Iterator<Item = &'a JoinRequest> + use<'a>, NotLoaded> {
        let overdue = loaded(self.overdue.as_ref(), "what is overdue")?;
        Ok(overdue.requests.iter().filter_map(|id| self.requests.get(id)?.as_deref()))
    }

    /// Members whose access ended as they were loaded, the longest past first.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn due_access<'a>(&'a self) -> Result<impl Iterator<Item = &'a Member> + use<'a>, NotLoaded> {
        let due = loaded(self.due.as_ref(), "what is due")?;
        Ok(due.members.iter().filter_map(|user| self.members.get(user)?.as_deref()))
    }

    /// A group.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn group(&self, id: &GroupId) -> Result<Option<&Group>, NotLoaded> {
        loaded(self.groups.get(id), "a group").map(Option::as_deref)
    }

    /// An invite link.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn link(&self, id: LinkId) -> Result<Option<&InviteLink>, NotLoaded> {
        loaded(self.links.get(&id), "an invite link").map(Option::as_deref)
    }

    /// A join request.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn request(&self, id: RequestId) -> Result<Option<&JoinRequest>, NotLoaded> {
        loaded(self.requests.get(&id), "a join request").map(Option::as_deref)
    }

    /// The open join requests for an invitee, past their expiry or not.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn asked_for<'a>(
        &'a self,
        invitee: &Invitee,
    ) -> Result<impl Iterator<Item = &'a JoinRequest> + use<'a>, NotLoaded> {
        let ids = self.asked.get(invitee);
        loaded(ids.or(self.nobody_asked.then_some(&NOBODY)), "the join requests for an invitee")
            .map(|ids| ids.iter().filter_map(|id| self.requests.get(id)?.as_deref()))
    }

    /// What is due of join requests: open ones past their expiry as they were loaded, the longest past first, and
    /// whether there are more than were loaded.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn due_requests<'a>(
        &'a self,
    ) -> Result<(impl Iterator<Item = &'a JoinRequest> + use<'a>, bool), NotLoaded> {
        let due = self.due_requests.as_ref();
        let known = due.is_some() || self.nobody_asked;
        loaded(known.then_some(()), "what is due of join requests")?;
        let ids = due.into_iter().flat_map(|due| &due.ids);
        let rows = ids.filter_map(|id| self.requests.get(id)?.as_deref());
        Ok((rows, due.is_some_and(|due| due.more)))
    }

    /// All links that did not end.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn kept_links(&self) -> Result<impl Iterator<Item = &InviteLink>, NotLoaded> {
        loaded(self.kept_links.then_some(()), "the links that did not end")?;
        Ok(self.links.rows().filter_map(Option::as_deref).filter(|link| link.is_kept()))
    }

    /// Whether more names the closed group that was loaded than was loaded of it; `None` if no group is closing.
    #[must_use]
    pub fn has_more_closing(&self) -> Option<bool> {
        self.closing.as_ref().map(|closing| closing.more)
    }

    /// What names a closed group, unless there was none when this was loaded.
    pub(crate) fn closing(&self) -> Option<&Closing> {
        self.closing.as_ref()
    }

    /// Whether an invitee blocked the organization, or is a user who blocked all of them (F11). That an address is of
    /// somebody who blocks all of them is told to nobody, for only who has an account can (PRI-2): an invitation to it
    /// is made, and neither mailed nor shown.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn is_blocked(&self, invitee: &Invitee) -> Result<bool, NotLoaded> {
        let here = self.suppressed_since(invitee, SuppressionKind::Invitations)?;
        let everywhere = self.suppressed_since(invitee, SuppressionKind::Everywhere)?;
        Ok(here.is_some() || everywhere.is_some() && invitee.user().is_some())
    }

    /// Since when an invitee does not want something.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn suppressed_since(
        &self,
        invitee: &Invitee,
        kind: SuppressionKind,
    ) -> Result<Option<DateTime<Utc>>, NotLoaded> {
        let addressed = loaded(self.addressed.get(invitee), "the suppressions of an invitee")?;
        Ok(addressed.suppressions.get(&kind).copied())
    }

    /// The time kept for a limit on rate.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn limit(&self, subject: &LimitSubject) -> Result<Option<DateTime<Utc>>, NotLoaded> {
        loaded(self.limits.get(subject), "a limit").copied()
    }

    /// The record of an earlier command.
    ///
    /// # Errors
    /// [`NotLoaded`]
    pub fn command(&self, key: &CommandKey) -> Result<Option<&CommandRecord>, NotLoaded> {
        loaded(self.commands.get(key), "an idempotency key").map(Option::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use chrono::TimeDelta;

    use crate::testing::*;
    use crate::*;

    /// Open invitations alike but for their ids, and an organization to load them for.
    fn several(count: usize) -> (World, Vec<Invitation>) {
        let mut world = World::new();
        let id = world.invite("bob@example.com", Grant::role("member"), &by("ada"));
        let one = world.invitation(id).clone();
        let each = |n: usize| {
            let at = world.now + TimeDelta::milliseconds(n as i64);
            Invitation { id: InvitationId::from_parts(at, [0; 10]), ..one.clone() }
        };
        let all = (0..count).map(each).collect();
        (world, all)
    }

    #[test]
    fn one_more_than_are_loaded_of_an_inviter_is_a_sign_that_there_are_more_aut_5() {
        let (world, rows) = several(Reads::MAX_SENT + 1);
        for (count, expected) in [(Reads::MAX_SENT, false), (Reads::MAX_SENT + 1, true)] {
            let mut slice = (*world.look(&Reads::new())).clone();
            slice.answer_sent_by(user("ada"), rows[..count].to_vec());
            let (sent, more) = slice.sent_by(&user("ada")).unwrap();
            assert_eq!((sent.count(), more), (Reads::MAX_SENT, expected));
        }
    }

    #[test]
    fn what_is_due_comes_in_the_order_it_was_answered_in_with_whether_there_is_more_lif_7b() {
        let (world, rows) = several(3);
        for more in [false, true] {
            let mut slice = (*world.look(&Reads::new())).clone();
            slice.answer_due(rows.iter().rev().cloned().collect(), Vec::new(), more);
            let (due, left) = slice.due().unwrap();
            assert!(due.map(|row| row.id).eq(rows.iter().rev().map(|row| row.id)));
            assert_eq!(left, more);
        }
        assert!(world.look(&Reads::new()).due().is_err(), "not asked for, so not known");
    }
}
