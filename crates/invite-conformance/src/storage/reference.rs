//! What is stored, by the plainest means there are: commits folded into maps, every question a scan.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use invite_core::*;
use invite_storage::{
    Completion, EventEntry, Failure, FormerMembership, GroupFilter, InboxEntry, InvitationEntry,
    InvitationFilter, Lease, Leased, LinkFilter, MemberFilter, Membership, Positioned, RequestEntry,
    RequestFilter, RosterEntry, Seek, SuppressionEntry, WhichLinks,
};

/// All organizations.
#[derive(Debug, Default)]
pub(super) struct Reference {
    tenants: BTreeMap<OrganizationId, Tenant>,
}

/// The rows of one organization.
#[derive(Debug, Default)]
struct Tenant {
    header: Option<Organization>,
    members: BTreeMap<UserId, Member>,
    group_members: BTreeMap<(GroupId, UserId), GroupMember>,
    groups: BTreeMap<GroupId, Group>,
    links: BTreeMap<LinkId, InviteLink>,
    requests: BTreeMap<RequestId, JoinRequest>,
    invitations: BTreeMap<InvitationId, Invitation>,
    suppressions: BTreeMap<(Invitee, SuppressionKind), Suppression>,
    limits: BTreeMap<LimitSubject, DateTime<Utc>>,
    commands: BTreeMap<CommandKey, CommandRecord>,
    former: BTreeMap<UserId, Former>,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    events: Vec<EventRecord>,
}

impl Reference {
    /// Folds a commit that was written.
    pub(super) fn apply(&mut self, commit: &Commit) {
        let tenant = self.tenants.entry(commit.organization.clone()).or_default();
        tenant.erase(&commit.erased);
        tenant.header = commit.header.clone().or(tenant.header.take());
        fold_rows(&mut tenant.members, &commit.members, |row| row.user.clone());
        fold_rows(&mut tenant.group_members, &commit.group_members, |row| {
            (row.group.clone(), row.user.clone())
        });
        fold_rows(&mut tenant.groups, &commit.groups, |row| row.id.clone());
        fold_rows(&mut tenant.links, &commit.links, |row| row.id);
        fold_rows(&mut tenant.requests, &commit.requests, |row| row.id);
        fold_rows(&mut tenant.invitations, &commit.invitations, |row| row.id);
        fold_rows(&mut tenant.suppressions, &commit.suppressions, |row| (row.invitee.clone(), row.kind));
        tenant.limits.extend(commit.limits.iter().cloned());
        tenant.commands.extend(commit.commands.iter().map(|row| (row.key.clone(), row.clone())));
        tenant.deliveries.extend(commit.deliveries.iter().map(|row| (row.id, row.clone())));
        tenant.former.extend(commit.former.iter().map(|row| (row.user.clone(), row.clone())));
        tenant.events.extend(commit.events.iter().cloned());
    }

    pub(super) fn load(&self, id: &OrganizationId, reads: &Reads, now: DateTime<Utc>) -> Slice {
        let nothing = Tenant::default();
        let tenant = self.tenants.get(id).unwrap_or(&nothing);
        let mut slice = Slice::new(id.clone(), tenant.header.clone());
        for _ in 0..8 {
            let open = slice.open(reads);
            if open.is_empty() {
                return slice;
            }
            tenant.answer(&mut slice, open, now);
        }
        panic!("the reference does not answer: {:?}", slice.open(reads));
    }

    /// The time of whatever is decided now: never before the last event.
    pub(super) fn time(&self, id: &OrganizationId, now: DateTime<Utc>) -> DateTime<Utc> {
        let header = self.tenants.get(id).and_then(|tenant| tenant.header.as_ref());
        header.map_or(now, |header| now.max(header.last_at))
    }

    /// The newest invitations of an organization first.
    pub(super) fn invitation_ids(&self, id: &OrganizationId) -> Vec<InvitationId> {
        self.tenants
            .get(id)
            .map_or_else(Vec::new, |tenant| tenant.invitations.keys().rev().copied().collect())
    }

    pub(super) fn invitation(&self, organization: &OrganizationId, id: InvitationId) -> Option<&Invitation> {
        self.tenants.get(organization)?.invitations.get(&id)
    }

    pub(super) fn log(&self, id: &OrganizationId) -> Vec<EventEntry> {
        self.tenants.get(id).into_iter().flat_map(|tenant| &tenant.events).map(entry).map(logged).collect()
    }

    pub(super) fn has_commit(&self, id: &OrganizationId, commit: CommitId) -> bool {
        self.tenants.get(id).is_some_and(|tenant| tenant.events.iter().any(|row| row.commit == commit))
    }

    /// Keys of commands that are kept.
    pub(super) fn commands(&self, id: &OrganizationId) -> impl Iterator<Item = &CommandKey> {
        self.tenants.get(id).into_iter().flat_map(|tenant| tenant.commands.keys())
    }

    pub(super) fn roster(&self, id: &OrganizationId, now: DateTime<Utc>, seek: &Seek) -> Vec<RosterEntry> {
        let Some(tenant) = self.tenants.get(id) else { return Vec::new() };
        let members = tenant.members.values().cloned().map(RosterEntry::Member);
        let pending = tenant.invitations.values().filter(|row| row.state_at(now) == InvitationState::Pending);
        let pending = pending.map(|row| RosterEntry::Invitation(tenant.entry(row)));
        page(members.chain(pending), seek, true)
    }

    pub(super) fn invitations(
        &self,
        id: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Vec<InvitationEntry> {
        let Some(tenant) = self.tenants.get(id) else { return Vec::new() };
        let rows = tenant.invitations.values().filter(|row| {
            filter.state.is_none_or(|state| row.state_at(now) == state)
                && filter.inviter.as_ref().is_none_or(|inviter| row.inviter.user() == Some(inviter))
                && filter.group.clone().is_none_or(|group| row.grants.access(&Scope::Group(group)).is_some())
        });
        page(rows.map(|row| tenant.entry(row)), seek, true)
    }

    pub(super) fn members(&self, id: &OrganizationId, filter: &MemberFilter, seek: &Seek) -> Vec<Member> {
        let Some(tenant) = self.tenants.get(id) else { return Vec::new() };
        let MemberFilter { group, link, role, seat, status } = filter;
        let is_of = |row: &&Member| {
            let held = match group {
                Some(group) => {
                    tenant.group_members.get(&(group.clone(), row.user.clone())).map(|row| &row.role)
                }
                None => row.grants.access(&Scope::Organization).map(Access::role_name),
            };
            let joined = match row.joined_by {
                JoinedBy::Link { link, .. } => Some(link),
                _ => None,
            };
            (group.is_none() || held.is_some())
                && (role.is_none() || held == role.as_ref())
                && (link.is_none() || joined == *link)
                && (seat.is_none() || row.seat == *seat)
                && status.is_none_or(|status| row.status == status)
        };
        page(tenant.members.values().filter(is_of).cloned(), seek, false)
    }

    pub(super) fn groups(&self, id: &OrganizationId, filter: &GroupFilter, seek: &Seek) -> Vec<Group> {
        let rows = self.tenants.get(id).into_iter().flat_map(|tenant| tenant.groups.values());
        let rows = rows.filter(|row| {
            filter.status.is_none_or(|status| row.status == status)
                && filter.name.as_ref().is_none_or(|name| row.settings.name() == name)
        });
        page(rows.cloned(), seek, false)
    }

    pub(super) fn links(&self, id: &OrganizationId, filter: &LinkFilter, seek: &Seek) -> Vec<InviteLink> {
        let rows = self.tenants.get(id).into_iter().flat_map(|tenant| tenant.links.values());
        let rows = rows.filter(|row| {
            let named = |group: GroupId| row.settings.grants().access(&Scope::Group(group)).is_some();
            (filter.which == WhichLinks::All || row.is_kept())
                && filter.creator.as_ref().is_none_or(|creator| row.creator.user() == Some(creator))
                && filter.group.clone().is_none_or(named)
        });
        page(rows.cloned(), seek, true)
    }

    pub(super) fn link_ids(&self, id: &OrganizationId) -> Vec<LinkId> {
        self.tenants.get(id).map_or_else(Vec::new, |tenant| tenant.links.keys().copied().collect())
    }

    pub(super) fn request_ids(&self, id: &OrganizationId) -> Vec<RequestId> {
        self.tenants.get(id).map_or_else(Vec::new, |tenant| tenant.requests.keys().copied().collect())
    }

    pub(super) fn request(&self, organization: &OrganizationId, id: RequestId) -> Option<&JoinRequest> {
        self.tenants.get(organization)?.requests.get(&id)
    }

    pub(super) fn requests(
        &self,
        id: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Vec<JoinRequest> {
        let Some(tenant) = self.tenants.get(id) else { return Vec::new() };
        let rows = tenant.requests.values().filter(|row| {
            filter.state.is_none_or(|state| row.state_at(now) == state)
                && (filter.group.is_none() || row.group() == filter.group.as_ref())
                && filter.by.as_ref().is_none_or(|by| row.by == *by)
        });
        page(rows.cloned(), seek, true)
    }

    pub(super) fn requests_by(&self, user: &UserId, seek: &Seek) -> Vec<RequestEntry> {
        let mut found = Vec::new();
        for tenant in self.tenants.values() {
            let Some(header) = &tenant.header else { continue };
            let theirs = tenant.requests.values().filter(|row| row.by == *user);
            found.extend(theirs.map(|row| RequestEntry {
                organization: header.id.clone(),
                organization_name: header.settings.name().to_owned(),
                status: header.status,
                request: row.clone(),
            }));
        }
        page(found, seek, true)
    }

    pub(super) fn inbox(&self, invitees: &[Invitee], now: DateTime<Utc>, seek: &Seek) -> Vec<InboxEntry> {
        let mut found = Vec::new();
        for tenant in self.tenants.values() {
            let Some(header) = &tenant.header else { continue };
            let pending = tenant.invitations.values().filter(|row| {
                header.status == OrganizationStatus::Active
                    && row.waits_at(now)
                    && invitees.contains(&row.invitee)
            });
            found.extend(pending.map(|row| InboxEntry {
                organization: header.id.clone(),
                organization_name: header.settings.name().to_owned(),
                invitation: row.clone(),
            }));
        }
        page(found, seek, true)
    }

    pub(super) fn memberships(&self, user: &UserId, seek: &Seek) -> Vec<Membership> {
        let found = self.tenants.values().filter_map(|tenant| {
            let header = tenant.header.as_ref()?;
            Some(Membership {
                organization: header.id.clone(),
                organization_name: header.settings.name().to_owned(),
                status: header.status,
                member: tenant.members.get(user)?.clone(),
            })
        });
        page(found, seek, false)
    }

    pub(super) fn former_memberships(&self, user: &UserId) -> Vec<FormerMembership> {
        let found = self.tenants.iter().filter_map(|(organization, tenant)| {
            let former = tenant.former.get(user)?.clone();
            Some(FormerMembership { organization: organization.clone(), former })
        });
        found.collect()
    }

    pub(super) fn suppressions(&self, invitees: &[Invitee]) -> Vec<SuppressionEntry> {
        let mut found = Vec::new();
        for tenant in self.tenants.values() {
            let Some(header) = &tenant.header else { continue };
            let theirs = tenant.suppressions.values().filter(|row| invitees.contains(&row.invitee));
            found.extend(theirs.map(|row| SuppressionEntry {
                organization: Some((header.id.clone(), header.settings.name().to_owned())),
                suppression: row.clone(),
            }));
        }
        found
    }

    pub(super) fn circle(&self, circle: &Circle) -> Vec<UserId> {
        let (Circle::Group(id, _)
        | Circle::Members { organization: id, .. }
        | Circle::Former { organization: id, .. }) = circle;
        let Some(tenant) = self.tenants.get(id) else { return Vec::new() };
        let is_closed =
            |id: &GroupId| tenant.groups.get(id).is_some_and(|group| group.status == GroupStatus::Closed);
        let mut found = Vec::new();
        match circle {
            Circle::Group(_, group) if is_closed(group) => {}
            Circle::Group(_, group) => {
                let there = tenant.group_members.values().filter(|row| row.group == *group);
                found.extend(there.map(|row| (row.joined_at, row.user.clone())));
            }
            Circle::Members { until, .. } => {
                let there =
                    tenant.members.values().filter(|row| until.is_none_or(|until| row.joined_at <= until));
                found.extend(there.map(|row| (row.joined_at, row.user.clone())));
            }
            Circle::Former { since, .. } => {
                let left = tenant.former.values().filter(|row| row.left_at >= *since);
                found.extend(left.map(|row| (row.left_at, row.user.clone())));
            }
        }
        found.retain(|(_, user)| tenant.members.get(user).is_none_or(Member::is_active));
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.into_iter().map(|(_, user)| user).collect()
    }

    pub(super) fn holders(&self, invitee: &Invitee) -> Vec<OrganizationId> {
        let holds = |tenant: &Tenant| {
            let is_user = |user: &UserId| invitee.user() == Some(user);
            tenant.invitations.values().any(|row| row.invitee == *invitee)
                || tenant.members.values().any(|row| {
                    is_user(&row.user) || row.email.clone().map(Invitee::Address).as_ref() == Some(invitee)
                })
                || tenant.suppressions.values().any(|row| row.invitee == *invitee)
                || tenant
                    .requests
                    .values()
                    .any(|row| is_user(&row.by) || row.invitees().any(|name| name == *invitee))
                || tenant
                    .events
                    .iter()
                    .any(|row| row.invitation.is_none() && row.user.as_ref().is_some_and(is_user))
        };
        let held = self.tenants.iter().filter(|(_, tenant)| holds(tenant));
        held.map(|(id, _)| id.clone()).collect()
    }

    /// Forgets the records of commands whose time is over, and says how many.
    pub(super) fn forget(&mut self, now: DateTime<Utc>) -> u32 {
        let mut forgotten = 0;
        for tenant in self.tenants.values_mut() {
            let before = tenant.commands.len();
            tenant.commands.retain(|_, row| row.expires_at > now);
            forgotten += before - tenant.commands.len();
        }
        u32::try_from(forgotten).unwrap()
    }

    /// The times from which on queued deliveries can be leased, the earliest first, and when they were due.
    pub(super) fn leasable(&self, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let rows = self.tenants.values().flat_map(|tenant| tenant.deliveries.values());
        let rows = rows.filter(|row| is_leasable(row, now));
        let mut due = rows.map(|row| row.due_at).collect::<Vec<_>>();
        due.sort_unstable();
        due
    }

    /// Leases one delivery; `None` for one that cannot be leased.
    pub(super) fn lease(
        &mut self,
        organization: &OrganizationId,
        id: DeliveryId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Option<Leased> {
        let tenant = self.tenants.get_mut(organization)?;
        let row = tenant.deliveries.get_mut(&id).filter(|row| is_leasable(row, now))?;
        row.lease += 1;
        row.leased_until = Some(until);
        row.mailed_at.get_or_insert(now);
        let delivery = row.clone();
        let invitation = tenant.invitations.get(&delivery.invitation)?.clone();
        let suppressions = tenant.suppressions_of(&invitation.invitee);
        Some(Leased { delivery, organization: tenant.header.clone()?, invitation, suppressions })
    }

    pub(super) fn complete(&mut self, lease: &Lease, completion: &Completion) -> bool {
        self.end(lease, |row| {
            row.state = completion.state;
            row.mailed_at = completion.mailed_at;
            row.attempts.extend(completion.attempt.clone());
        })
    }

    pub(super) fn fail(&mut self, lease: &Lease, failure: &Failure) -> bool {
        self.end(lease, |row| {
            match failure.retry_at {
                Some(at) => row.due_at = at,
                None => row.state = DeliveryState::Failed,
            }
            row.mailed_at = None;
            row.attempts.extend(failure.attempt.clone());
        })
    }

    fn end(&mut self, lease: &Lease, change: impl FnOnce(&mut Delivery)) -> bool {
        let tenant = self.tenants.get_mut(&lease.organization);
        let row = tenant.and_then(|tenant| tenant.deliveries.get_mut(&lease.delivery));
        match row.filter(|row| row.lease == lease.number && row.leased_until.is_some()) {
            Some(row) => {
                change(row);
                row.leased_until = None;
                true
            }
            None => false,
        }
    }

    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        let rows = self.tenants.values().flat_map(|tenant| tenant.deliveries.values());
        let queued = rows.filter(|row| row.state == DeliveryState::Queued);
        queued.map(|row| row.leased_until.unwrap_or(row.due_at)).min()
    }
}

impl Tenant {
    fn erase(&mut self, erased: &Erasures) {
        let Erasures { invitations, requests, users } = erased;
        self.deliveries.retain(|_, row| !invitations.contains(&row.invitation));
        self.former.retain(|user, _| !users.contains(user));
        for record in &mut self.events {
            let of_request = record.request.is_some_and(|id| requests.contains(&id));
            let of_user = || record.user.as_ref().is_some_and(|user| users.contains(user));
            if record.invitation.map_or_else(of_user, |id| invitations.contains(&id)) || of_request {
                record.data.erase();
            }
        }
    }

    fn answer(&self, slice: &mut Slice, open: Reads, now: DateTime<Utc>) {
        for id in open.invitations {
            let row = self.invitations.get(&id);
            let mails = self
                .deliveries
                .values()
                .filter(|mail| mail.invitation == id && row.is_some_and(|row| row.revision == mail.revision));
            let mailed_at = mails.filter_map(|mail| mail.mailed_at).max();
            slice.answer_invitation(id, row.cloned(), mailed_at);
        }
        for invitee in open.invitees {
            let rows = self.open().filter(|row| row.invitee == invitee).cloned().collect();
            let suppressions = self.suppressions_of(&invitee);
            slice.answer_invitee(invitee, rows, suppressions);
        }
        for user in open.members {
            let row = self.members.get(&user).cloned();
            slice.answer_member(user, row);
        }
        for address in open.addresses {
            let with = self.members.values().filter(|row| row.email.as_ref() == Some(&address));
            let row = with.min_by_key(|row| (row.joined_at, &row.user)).cloned();
            slice.answer_address(address, row);
        }
        for user in open.sent_by {
            let rows = self.open().filter(|row| row.inviter.user() == Some(&user));
            let rows = rows.take(Reads::MAX_SENT + 1).cloned().collect();
            slice.answer_sent_by(user, rows);
        }
        for id in open.groups {
            let row = self.groups.get(&id).cloned();
            slice.answer_group(id, row);
        }
        for id in open.links {
            slice.answer_link(id, self.links.get(&id).cloned());
        }
        for id in open.requests {
            slice.answer_request(id, self.requests.get(&id).cloned());
        }
        for invitee in open.asked {
            let rows = self.asked().filter(|row| row.invitee == invitee).cloned().collect();
            slice.answer_asked(invitee, rows);
        }
        if let (1.., Some(header)) = (open.due_requests, &self.header) {
            let is_due = |row: &&JoinRequest| match header.due_invitations(now) {
                DueInvitations::All => true,
                DueInvitations::ExpiredAt(at) => row.expires_at <= at,
            };
            let due = self.asked().filter(is_due);
            let (due, more) = first(due, |row| (row.expires_at, row.id), open.due_requests);
            slice.answer_due_requests(due, more);
        }
        if open.kept_links {
            slice.answer_kept_links(self.links.values().filter(|row| row.is_kept()).cloned().collect());
        }
        let closing = self.header.as_ref().and_then(|row| row.closing.first());
        if let (1.., Some(group)) = (open.closing, closing) {
            let there = self.group_members.keys().filter(|(of, _)| of == group);
            let members = there.filter_map(|(_, user)| self.members.get(user));
            let (members, more) = first(members, |row| row.user.clone(), open.closing);
            let scope = Scope::Group(group.clone());
            let naming = self.open().filter(|row| row.grants.access(&scope).is_some());
            let (naming, more_naming) = first(naming, |row| row.id, open.closing);
            let asking = self.asked().filter(|row| row.group() == Some(group));
            let (asking, more_asking) = first(asking, |row| row.id, open.closing);
            let more = more || more_naming || more_asking;
            slice.answer_closing(group.clone(), members, naming, asking, more);
        }
        for invitee in open.past {
            let of = |row: &&Invitation| row.past_since().is_some() && row.invitee == invitee;
            let (rows, more) = first(self.invitations.values().filter(of), |row| row.id, Reads::PAST);
            let tells = |row: &&JoinRequest| row.invitees().any(|name| name == invitee);
            let (requests, more_requests) =
                first(self.requests.values().filter(tells), |row| row.id, Reads::PAST);
            slice.answer_past(invitee, rows, requests, more || more_requests);
        }
        if let (1.., Some(header)) = (open.overdue, &self.header) {
            let until = header.erased_until(now, open.retention);
            let over = |ended: Option<DateTime<Utc>>| ended.is_some() && ended <= until;
            let rows = self.invitations.values().filter(|row| over(row.past_since()));
            let (rows, more) = first(rows, |row| (row.past_since(), row.id), open.overdue);
            let requests = self.requests.values().filter(|row| over(row.past_since()));
            let (requests, more_requests) = first(requests, |row| (row.past_since(), row.id), open.overdue);
            slice.answer_overdue(rows, requests, more || more_requests);
        }
        for subject in open.limits {
            let kept = self.limits.get(&subject).copied();
            slice.answer_limit(subject, kept);
        }
        for key in open.commands {
            let record = self.commands.get(&key).cloned();
            slice.answer_command(key, record);
        }
        if let (1.., Some(header)) = (open.due, &self.header) {
            let is_due = |row: &&Invitation| match header.due_invitations(now) {
                DueInvitations::All => true,
                DueInvitations::ExpiredAt(at) => row.expires_at.is_over(at),
            };
            let (rows, more) = first(self.open().filter(is_due), |row| (row.expires_at, row.id), open.due);
            let over = header.due_access(now);
            let members = self.members.values().filter(|row| row.ends_at().is_some_and(|end| end <= over));
            let (members, more_members) = first(members, |row| (row.ends_at(), row.user.clone()), open.due);
            slice.answer_due(rows, members, more || more_members);
        }
    }

    fn open(&self) -> impl Iterator<Item = &Invitation> {
        self.invitations.values().filter(|row| row.is_open())
    }

    fn asked(&self) -> impl Iterator<Item = &JoinRequest> {
        self.requests.values().filter(|row| row.is_open())
    }

    fn suppressions_of(&self, invitee: &Invitee) -> Vec<Suppression> {
        self.suppressions.values().filter(|row| row.invitee == *invitee).cloned().collect()
    }

    fn entry(&self, row: &Invitation) -> InvitationEntry {
        let mails = self.deliveries.values().filter(|mail| mail.invitation == row.id);
        let delivery = mails.max_by_key(|mail| (mail.created_at, mail.id)).cloned();
        InvitationEntry { invitation: row.clone(), delivery }
    }
}

fn is_leasable(row: &Delivery, now: DateTime<Utc>) -> bool {
    row.state == DeliveryState::Queued && row.due_at <= now && row.leased_until.is_none_or(|end| end <= now)
}

fn fold_rows<K: Ord + Clone, R: Clone>(
    rows: &mut BTreeMap<K, R>,
    changes: &[RowChange<K, R>],
    key: impl Fn(&R) -> K,
) {
    for change in changes {
        match change {
            RowChange::Insert(row) | RowChange::Update(row) => drop(rows.insert(key(row), row.clone())),
            RowChange::Delete(key) => drop(rows.remove(key)),
        }
    }
}

fn entry(row: &EventRecord) -> EventEntry {
    EventEntry {
        sequence: row.sequence,
        commit: row.commit,
        at: row.at,
        actor: row.actor.clone(),
        kind: row.kind.to_owned(),
        format: row.format,
        invitation: row.invitation,
        user: row.user.clone(),
        group: row.group.clone(),
        link: row.link,
        request: row.request,
        data: serde_json::to_string(&row.data).unwrap(),
    }
}

/// A record with its data in one order of keys.
pub(super) fn logged(entry: EventEntry) -> EventEntry {
    let data = serde_json::from_str::<serde_json::Value>(&entry.data);
    EventEntry { data: data.map_or(entry.data, |data| data.to_string()), ..entry }
}

/// The first rows in an order, and whether there are more.
fn first<'a, T: Clone + 'a, K: Ord>(
    rows: impl Iterator<Item = &'a T>,
    order: impl Fn(&T) -> K,
    limit: u32,
) -> (Vec<T>, bool) {
    let mut rows = rows.cloned().collect::<Vec<_>>();
    rows.sort_by_key(order);
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    (rows, more)
}

/// A page of rows in order, from the newest or from the oldest.
fn page<T: Positioned>(rows: impl IntoIterator<Item = T>, seek: &Seek, newest_first: bool) -> Vec<T> {
    let mut rows = rows.into_iter().map(|row| (row.position(), row)).collect::<Vec<_>>();
    rows.sort_by(|(one, _), (other, _)| if newest_first { other.cmp(one) } else { one.cmp(other) });
    if let Some(after) = &seek.after {
        rows.retain(|(position, _)| if newest_first { position < after } else { position > after });
    }
    rows.into_iter().take(seek.limit as usize).map(|(_, row)| row).collect()
}
