//! Pages: ranges of the indexes, and the rows behind them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Circle, EventRecord, Group, GroupId, GroupStatus, Invitation, InvitationState, InviteLink, Invitee,
    JoinRequest, Member, Organization, OrganizationId, OrganizationStatus, RequestState, Scope, UserId,
};
use invite_storage::{
    EventEntry, FormerMembership, GroupFilter, InboxEntry, InvitationEntry, InvitationFilter, LinkFilter,
    MemberFilter, Membership, Pages, Position, Positioned, RequestEntry, RequestFilter, RosterEntry, Seek,
    StorageError, SuppressionEntry,
};

use crate::MemoryStorage;
use crate::index::{GroupFile, LinkFile, RequestFile, RosterKey, Standing, ascending, descending, standings};
use crate::rows::Rows;
use crate::storage::Tenant;

/// The most invitees that the contract lets an inbox be asked for.
const MAX_INVITEES: usize = 32;

#[async_trait]
impl Pages for MemoryStorage {
    async fn roster(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        let Some(tenant) = self.shared.tenant(organization) else { return Ok(Vec::new()) };
        let rows = tenant.rows();
        let entry = |key: &RosterKey| match key {
            RosterKey::Member(user) => rows.members.get(user).cloned().map(RosterEntry::Member),
            RosterKey::Invitation(id) => {
                let row = rows.invitations.get(id).filter(|row| is_pending(row, now))?;
                Some(RosterEntry::Invitation(invitation_entry(&rows, row)))
            }
        };
        let keys = descending(&rows.index.roster, seek.after.as_ref());
        Ok(keys.filter_map(|(_, key)| entry(key)).take(limit(seek)).collect())
    }

    /// A page of each list that may have rows in the answer, merged.
    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        let Some(tenant) = self.shared.tenant(organization) else { return Ok(Vec::new()) };
        let InvitationFilter { state, inviter, group } = filter;
        let after = seek.after.as_ref();
        let rows = tenant.rows();
        let is_theirs = |row: &&Invitation| inviter.is_none() || row.inviter.user() == inviter.as_ref();
        let mut found = Vec::new();
        for stored in InvitationState::ALL {
            let is_asked_for = state.is_none_or(|state| state == stored);
            let list = match group {
                Some(group) => rows.index.naming.get(&(group.clone(), stored)),
                None => rows.index.filed.get(&(inviter.clone(), stored)),
            };
            let list = list.filter(|_| is_asked_for);
            let behind = list.into_iter().flat_map(|list| descending(list, after));
            let behind = behind.filter_map(|(_, id)| rows.invitations.get(id)).filter(is_theirs);
            let wanted = behind.filter(|row| state.is_none_or(|state| row.state_at(now) == state));
            found.extend(wanted.take(limit(seek)));
        }
        if *state == Some(InvitationState::Expired) {
            let names_it = |row: &&Invitation| group.as_ref().is_none_or(|group| names(row, group));
            let unwritten = rows.expired(now).filter(is_theirs).filter(names_it);
            let position = |row: &Invitation| Position::new(row.created_at, row.id.to_string());
            found.extend(unwritten.filter(|row| after.is_none_or(|after| position(row) < *after)));
        }
        found.sort_unstable_by_key(|row| Reverse((row.created_at, row.id)));
        Ok(found.into_iter().take(limit(seek)).map(|row| invitation_entry(&rows, row)).collect())
    }

    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let Some(tenant) = self.shared.tenant(organization) else { return Ok(Vec::new()) };
        let MemberFilter { group, link, role, seat, status } = filter;
        let by_link = link.map(Standing::Link);
        let rows = tenant.rows();
        let in_role = role.clone().filter(|_| group.is_none()).map(Standing::Role);
        let asked = [by_link, in_role, seat.clone().map(Standing::Seat), status.map(Standing::Status)];
        let list = match (group, asked.iter().flatten().next()) {
            (Some(group), _) => rows.index.grouped.get(&(group.clone(), role.clone())),
            (None, Some(standing)) => rows.index.standing.get(standing),
            (None, None) => rows.index.standing.get(&Standing::Any),
        };
        let is_asked_for =
            |row: &&Member| asked.iter().flatten().all(|standing| standings(row).any(|of| of == *standing));
        let users = list.into_iter().flat_map(|list| ascending(list, seek.after.as_ref()));
        let members = users.filter_map(|user| rows.members.get(user)).filter(is_asked_for);
        Ok(members.take(limit(seek)).cloned().collect())
    }

    async fn groups(
        &self,
        organization: &OrganizationId,
        filter: &GroupFilter,
        seek: &Seek,
    ) -> Result<Vec<Group>, StorageError> {
        let Some(tenant) = self.shared.tenant(organization) else { return Ok(Vec::new()) };
        let GroupFilter { status, name } = filter;
        let file = match (name, status) {
            (Some(name), _) => GroupFile::Name(name.clone()),
            (None, Some(status)) => GroupFile::of(*status),
            (None, None) => GroupFile::Any,
        };
        let rows = tenant.rows();
        let list = rows.index.groups.get(&file).into_iter();
        let ids = list.flat_map(|list| ascending(list, seek.after.as_ref()));
        let groups = ids.filter_map(|id| rows.groups.get(id));
        let in_status = groups.filter(|row| status.is_none_or(|status| row.status == status));
        Ok(in_status.take(limit(seek)).cloned().collect())
    }

    async fn links(
        &self,
        organization: &OrganizationId,
        filter: &LinkFilter,
        seek: &Seek,
    ) -> Result<Vec<InviteLink>, StorageError> {
        let Some(tenant) = self.shared.tenant(organization) else { return Ok(Vec::new()) };
        let LinkFilter { which, creator, group } = filter;
        let file = match (group, creator) {
            (Some(group), _) => LinkFile::In(group.clone()),
            (None, Some(creator)) => LinkFile::By(creator.clone()),
            (None, None) => LinkFile::Any,
        };
        let rows = tenant.rows();
        let list = rows.index.links.get(&(file, *which)).into_iter();
        let ids = list.flat_map(|list| descending(list, seek.after.as_ref()));
        let is_theirs = |row: &&InviteLink| creator.is_none() || row.creator.user() == creator.as_ref();
        let links = ids.filter_map(|(_, id)| rows.links.get(id)).filter(is_theirs);
        Ok(links.take(limit(seek)).cloned().collect())
    }

    /// A page of each list that may have rows in the answer, merged.
    async fn requests(
        &self,
        organization: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        let Some(tenant) = self.shared.tenant(organization) else { return Ok(Vec::new()) };
        let RequestFilter { state, group, by } = filter;
        let file = match (group, by) {
            (Some(group), _) => RequestFile::In(group.clone()),
            (None, Some(by)) => RequestFile::By(by.clone()),
            (None, None) => RequestFile::Any,
        };
        let after = seek.after.as_ref();
        let rows = tenant.rows();
        let is_asked_for = |row: &&JoinRequest| {
            by.as_ref().is_none_or(|by| row.by == *by) && state.is_none_or(|state| row.state_at(now) == state)
        };
        let mut found = Vec::new();
        for stored in RequestState::ALL {
            let list = rows.index.requests.get(&(file.clone(), stored));
            let list = list.filter(|_| state.is_none_or(|state| state == stored)).into_iter();
            let behind = list.flat_map(|list| descending(list, after));
            let behind = behind.filter_map(|(_, id)| rows.requests.get(id)).filter(is_asked_for);
            found.extend(behind.take(limit(seek)));
        }
        if *state == Some(RequestState::Expired) {
            let unwritten = rows.expired_requests(now).filter(is_asked_for);
            let unwritten = unwritten.filter(|row| group.is_none() || row.group() == group.as_ref());
            found.extend(unwritten.filter(|row| after.is_none_or(|after| row.position() < *after)));
        }
        found.sort_unstable_by_key(|row| Reverse((row.created_at, row.id)));
        Ok(found.into_iter().take(limit(seek)).cloned().collect())
    }

    /// Looks into every organization where one of the invitees has an open invitation: few, for a person.
    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        if invitees.len() > MAX_INVITEES {
            return Err(StorageError::other("an inbox is of 32 invitees at the most"));
        }
        let mut places = BTreeMap::<OrganizationId, (Arc<Tenant>, BTreeSet<&Invitee>)>::new();
        for invitee in invitees {
            for tenant in self.shared.invitees.tenants(invitee) {
                places.entry(tenant.id.clone()).or_insert((tenant, BTreeSet::new())).1.insert(invitee);
            }
        }
        let mut found = Vec::new();
        for (organization, (tenant, invitees)) in places {
            let rows = tenant.rows();
            let header = rows.header.as_ref().filter(|header| header.status == OrganizationStatus::Active);
            let Some(header) = header else { continue };
            let waiting = invitees.into_iter().flat_map(|invitee| rows.open_of(invitee));
            let entries = waiting.filter(|row| row.waits_at(now)).map(|row| InboxEntry {
                organization: organization.clone(),
                organization_name: header.settings.name().to_owned(),
                invitation: row.clone(),
            });
            found.extend(entries.map(|entry| (entry.position(), entry)));
        }
        found.retain(|(position, _)| seek.after.as_ref().is_none_or(|after| position < after));
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        Ok(found.into_iter().take(limit(seek)).map(|(_, entry)| entry).collect())
    }

    async fn waiting(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let mut found = Vec::new();
        for invitee in invitees.iter().collect::<BTreeSet<_>>() {
            for tenant in self.shared.invitees.tenants(invitee) {
                let rows = tenant.rows();
                let active = |header: &Organization| header.status == OrganizationStatus::Active;
                let open = rows.open_of(invitee).filter(|_| rows.header.as_ref().is_some_and(active));
                found.extend(open.filter(|row| row.waits_at(now)).map(|_| tenant.id.clone()));
            }
        }
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Looks into every organization that the user is a member of: few, for a person.
    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        let mut found = Vec::new();
        for tenant in self.shared.users.tenants(user) {
            let rows = tenant.rows();
            let (Some(header), Some(member)) = (&rows.header, rows.members.get(user)) else { continue };
            let membership = Membership {
                organization: tenant.id.clone(),
                organization_name: header.settings.name().to_owned(),
                status: header.status,
                member: member.clone(),
            };
            found.push((membership.position(), membership));
        }
        found.retain(|(position, _)| seek.after.as_ref().is_none_or(|after| position > after));
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(found.into_iter().take(limit(seek)).map(|(_, membership)| membership).collect())
    }

    /// Looks into every organization that the user asked: few, for a person.
    async fn requests_by(&self, user: &UserId, seek: &Seek) -> Result<Vec<RequestEntry>, StorageError> {
        let mut found = Vec::new();
        for tenant in self.shared.asking.tenants(user) {
            let rows = tenant.rows();
            let Some(header) = &rows.header else { continue };
            for state in RequestState::ALL {
                let list = rows.index.requests.get(&(RequestFile::By(user.clone()), state)).into_iter();
                let behind = list.flat_map(|list| descending(list, seek.after.as_ref()));
                let behind = behind.filter_map(|(_, id)| rows.requests.get(id)).take(limit(seek));
                found.extend(behind.map(|row| RequestEntry {
                    organization: tenant.id.clone(),
                    organization_name: header.settings.name().to_owned(),
                    status: header.status,
                    request: row.clone(),
                }));
            }
        }
        found.sort_by_cached_key(|entry| Reverse(entry.position()));
        found.truncate(limit(seek));
        Ok(found)
    }

    /// Looks into every organization that the user left: few, for a person.
    async fn former_memberships(
        &self,
        user: &UserId,
        limit: u32,
    ) -> Result<Vec<FormerMembership>, StorageError> {
        let tenants = self.shared.former.tenants(user).into_iter();
        let left = tenants.filter_map(|tenant| {
            let former = tenant.rows().former.get(user).cloned()?;
            Some(FormerMembership { organization: tenant.id.clone(), former })
        });
        let mut found = left.collect::<Vec<_>>();
        found.sort_by(|one, other| {
            (other.former.left_at, &other.organization).cmp(&(one.former.left_at, &one.organization))
        });
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(circles.iter().map(|circle| self.circle(circle, limit)).collect())
    }

    /// Looks into every organization where one of the invitees does not want something: few, for a person.
    async fn suppressions(
        &self,
        invitees: &[Invitee],
        limit: u32,
    ) -> Result<Vec<SuppressionEntry>, StorageError> {
        let mut found = Vec::new();
        for invitee in invitees.iter().collect::<BTreeSet<_>>() {
            for tenant in self.shared.unwilling.tenants(invitee) {
                let rows = tenant.rows();
                let Some(header) = &rows.header else { continue };
                let organization = Some((tenant.id.clone(), header.settings.name().to_owned()));
                found.extend(rows.suppressions_of(invitee).map(|row| SuppressionEntry {
                    organization: organization.clone(),
                    suppression: row.clone(),
                }));
            }
            let everywhere = self.shared.block_of(invitee);
            found.extend(everywhere.map(|suppression| SuppressionEntry { organization: None, suppression }));
        }
        found.sort_by_key(|entry| Reverse(entry.suppression.at));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        let Some(tenant) = self.shared.tenant(organization) else { return Ok(Vec::new()) };
        let rows = tenant.rows();
        let behind = rows.events.iter().skip(usize::try_from(after).unwrap_or(usize::MAX));
        behind.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(event_entry).collect()
    }
}

impl MemoryStorage {
    fn circle(&self, circle: &Circle, limit: usize) -> Vec<UserId> {
        let (Circle::Group(organization, _)
        | Circle::Members { organization, .. }
        | Circle::Former { organization, .. }) = circle;
        let Some(tenant) = self.shared.tenant(organization) else { return Vec::new() };
        let rows = tenant.rows();
        let is_closed = |group| rows.groups.get(group).is_some_and(|row| row.status == GroupStatus::Closed);
        let list = match circle {
            Circle::Group(_, group) if is_closed(group) => None,
            Circle::Group(_, group) => rows.index.grouped.get(&(group.clone(), None)),
            Circle::Members { .. } => rows.index.standing.get(&Standing::Any),
            Circle::Former { .. } => Some(&rows.index.former),
        };
        let newest = list.into_iter().flat_map(|list| list.iter().rev());
        let (until, since) = match circle {
            Circle::Group(..) => (None, None),
            Circle::Members { until, .. } => (*until, None),
            Circle::Former { since, .. } => (None, Some(*since)),
        };
        let within = newest
            .skip_while(|(at, _)| until.is_some_and(|until| *at > until))
            .take_while(|(at, _)| since.is_none_or(|since| *at >= since));
        let is_active = |user: &&UserId| rows.members.get(*user).is_none_or(Member::is_active);
        within.map(|(_, user)| user).filter(is_active).take(limit).cloned().collect()
    }
}

fn limit(seek: &Seek) -> usize {
    usize::try_from(seek.limit).unwrap_or(usize::MAX)
}

fn is_pending(row: &Invitation, now: DateTime<Utc>) -> bool {
    row.state_at(now) == InvitationState::Pending
}

fn names(row: &Invitation, group: &GroupId) -> bool {
    row.grants.scopes().filter_map(Scope::group).any(|named| named == group)
}

fn event_entry(record: &EventRecord) -> Result<EventEntry, StorageError> {
    let EventRecord {
        sequence,
        commit,
        at,
        actor,
        kind,
        format,
        invitation,
        user,
        group,
        link,
        request,
        data,
    } = record;
    Ok(EventEntry {
        sequence: *sequence,
        commit: *commit,
        at: *at,
        actor: actor.clone(),
        kind: (*kind).to_owned(),
        format: *format,
        invitation: *invitation,
        user: user.clone(),
        group: group.clone(),
        link: *link,
        request: *request,
        data: serde_json::to_string(data).map_err(StorageError::other)?,
    })
}

fn invitation_entry(rows: &Rows, row: &Invitation) -> InvitationEntry {
    InvitationEntry { invitation: row.clone(), delivery: rows.mails_of(row.id).next().cloned() }
}
