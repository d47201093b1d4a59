//! Pages: pages found by the key of the last row before them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Circle, Group, GroupId, Invitation, InvitationState, InviteLink, Invitee, JoinRequest, Member,
    Organization, OrganizationId, RequestState, UserId,
};
use invite_storage::{
    EventEntry, FormerMembership, GroupFilter, InboxEntry, InvitationEntry, InvitationFilter, LinkFilter,
    MemberFilter, Membership, Pages, RequestEntry, RequestFilter, RosterEntry, Seek, StorageError,
    SuppressionEntry, WhichLinks,
};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use crate::columns::{LAST, actor_key, all, blob, first, micros, text};
use crate::error::Failure;
use crate::parts::{PENDING, Part, parts};
use crate::seek::{Key, in_roster, newest, newest_first, oldest_first};
use crate::{SqliteStorage, load, rows, sql};

#[async_trait]
impl Pages for SqliteStorage {
    async fn roster(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        let (organization, seek) = (organization.clone(), seek.clone());
        self.read(move |connection| roster(connection, &organization, now, seek)).await
    }

    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        let (organization, filter, seek) = (organization.clone(), filter.clone(), seek.clone());
        self.read(move |connection| invitations(connection, &organization, filter, now, seek)).await
    }

    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let (organization, filter, seek) = (organization.clone(), filter.clone(), seek.clone());
        self.read(move |connection| members(connection, &organization, filter, seek)).await
    }

    async fn groups(
        &self,
        organization: &OrganizationId,
        filter: &GroupFilter,
        seek: &Seek,
    ) -> Result<Vec<Group>, StorageError> {
        let (organization, filter, seek) = (organization.clone(), filter.clone(), seek.clone());
        self.read(move |connection| groups(connection, &organization, filter, seek)).await
    }

    async fn links(
        &self,
        organization: &OrganizationId,
        filter: &LinkFilter,
        seek: &Seek,
    ) -> Result<Vec<InviteLink>, StorageError> {
        let (organization, filter, seek) = (organization.clone(), filter.clone(), seek.clone());
        self.read(move |connection| links(connection, &organization, filter, seek)).await
    }

    async fn requests(
        &self,
        organization: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        let (organization, filter, seek) = (organization.clone(), filter.clone(), seek.clone());
        self.read(move |connection| requests(connection, &organization, filter, now, seek)).await
    }

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        let invitees = invitees.iter().map(Invitee::key).collect::<BTreeSet<_>>();
        let seek = seek.clone();
        self.read(move |connection| inbox(connection, invitees, now, seek)).await
    }

    async fn waiting(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let invitees = invitees.iter().map(Invitee::key).collect::<BTreeSet<_>>();
        self.read(move |connection| waiting(connection, invitees, now, limit)).await
    }

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        let (user, seek) = (user.clone(), seek.clone());
        self.read(move |connection| memberships(connection, &user, seek)).await
    }

    async fn requests_by(&self, user: &UserId, seek: &Seek) -> Result<Vec<RequestEntry>, StorageError> {
        let (user, seek) = (user.clone(), seek.clone());
        self.read(move |connection| requests_by(connection, &user, seek)).await
    }

    async fn former_memberships(
        &self,
        user: &UserId,
        limit: u32,
    ) -> Result<Vec<FormerMembership>, StorageError> {
        let user = user.clone();
        self.read(move |connection| {
            all(connection, sql::FORMER_MEMBERSHIPS, params![user.as_str(), limit], |columns| {
                Ok(FormerMembership {
                    organization: columns.organization_id()?,
                    former: rows::former(columns)?,
                })
            })
        })
        .await
    }

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        let circles = circles.to_vec();
        self.read(move |connection| circles.iter().map(|one| circle(connection, one, limit)).collect()).await
    }

    async fn suppressions(
        &self,
        invitees: &[Invitee],
        limit: u32,
    ) -> Result<Vec<SuppressionEntry>, StorageError> {
        let invitees = invitees.iter().map(Invitee::key).collect::<BTreeSet<_>>();
        self.read(move |connection| suppressions(connection, invitees, limit)).await
    }

    async fn events(
        &self,
        organization: &OrganizationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EventEntry>, StorageError> {
        let organization = organization.clone();
        self.read(move |connection| {
            let after = i64::try_from(after).unwrap_or(i64::MAX);
            let params = params![organization.as_str(), after, limit];
            all(connection, sql::EVENTS, params, rows::event)
        })
        .await
    }
}

/// Found by the first thing that is asked for in this order: group, link, role, seat, status.
fn members(
    connection: &Connection,
    organization: &OrganizationId,
    filter: MemberFilter,
    seek: Seek,
) -> Result<Vec<Member>, Failure> {
    let MemberFilter { group, link, role, seat, status } = filter;
    let Seek { after, limit } = seek;
    let Key(at, user) = oldest_first(after);
    let link = link.map(|link| blob(link.as_uuid()));
    let role = role.map(|role| text(role.as_str()));
    let seat = seat.map(|seat| text(seat.as_str()));
    let status = status.map(|status| text(status.as_str()));
    let mut values = vec![text(organization.as_str()), at, user, limit.into()];
    let sql = match (group, link, role, seat, status) {
        (Some(group), link, role, seat, status) => {
            let sql = if role.is_some() { sql::MEMBERS_IN_GROUP_OF_ROLE } else { sql::MEMBERS_IN_GROUP };
            values.extend([text(group.as_str()), link.into(), seat.into(), status.into()]);
            values.extend(role);
            sql
        }
        (None, Some(link), role, seat, status) => {
            values.extend([link, role.into(), seat.into(), status.into()]);
            sql::MEMBERS_BY_LINK
        }
        (None, None, Some(role), seat, status) => {
            values.extend([role, seat.into(), status.into()]);
            sql::MEMBERS_OF_ROLE
        }
        (None, None, None, Some(seat), status) => {
            values.extend([seat, status.into()]);
            sql::MEMBERS_IN_SEAT
        }
        (None, None, None, None, Some(status)) => {
            values.push(status);
            sql::MEMBERS_OF_STATUS
        }
        (None, None, None, None, None) => sql::MEMBERS,
    };
    all(connection, sql, params_from_iter(values), rows::member)
}

/// Found by the name, if one is asked for.
fn groups(
    connection: &Connection,
    organization: &OrganizationId,
    filter: GroupFilter,
    seek: Seek,
) -> Result<Vec<Group>, Failure> {
    let GroupFilter { status, name } = filter;
    let Seek { after, limit } = seek;
    let Key(at, id) = oldest_first(after);
    let status = status.map(|status| text(status.as_str()));
    let mut values = vec![text(organization.as_str()), at, id, limit.into()];
    let sql = match (name, status) {
        (Some(name), status) => {
            values.extend([name.into(), status.into()]);
            sql::GROUPS_NAMED
        }
        (None, Some(status)) => {
            values.push(status);
            sql::GROUPS_IN
        }
        (None, None) => sql::GROUPS,
    };
    all(connection, sql, params_from_iter(values), rows::group)
}

/// Found by the group, if one is asked for.
fn links(
    connection: &Connection,
    organization: &OrganizationId,
    filter: LinkFilter,
    seek: Seek,
) -> Result<Vec<InviteLink>, Failure> {
    let LinkFilter { which, creator, group } = filter;
    let Seek { after, limit } = seek;
    let Key(at, id) = newest_first(after);
    let creator = creator.map(|user| Value::Text(actor_key(&user.into())));
    let mut values = vec![text(organization.as_str()), at, id, limit.into()];
    let sql = match (group, which, creator) {
        (Some(group), which, creator) => {
            values.extend([text(group.as_str()), creator.into(), (which == WhichLinks::All).into()]);
            sql::LINKS_FOR
        }
        (None, WhichLinks::All, None) => sql::LINKS,
        (None, WhichLinks::Kept, None) => sql::LINKS_KEPT,
        (None, which, Some(creator)) => {
            values.push(creator);
            if which == WhichLinks::All { sql::LINKS_BY } else { sql::LINKS_KEPT_BY }
        }
    };
    all(connection, sql, params_from_iter(values), rows::link)
}

/// Two lists in one order: a page of each, the first rows of which are the page of both.
fn roster(
    connection: &Connection,
    organization: &OrganizationId,
    now: DateTime<Utc>,
    seek: Seek,
) -> Result<Vec<RosterEntry>, Failure> {
    let Seek { after, limit } = seek;
    let (member_after, invitation_after) = in_roster(after);
    let params = params![organization.as_str(), member_after.0, member_after.1, limit];
    let members = all(connection, sql::ROSTER_MEMBERS, params, rows::member)?;
    let mut rows = members.into_iter().map(RosterEntry::Member).collect::<Vec<_>>();
    for part in parts(Some(PENDING), now) {
        let page = page(connection, organization, part, (None, None), &invitation_after, limit)?;
        rows.extend(page.into_iter().map(RosterEntry::Invitation));
    }
    newest(rows, limit)
}

fn invitations(
    connection: &Connection,
    organization: &OrganizationId,
    filter: InvitationFilter,
    now: DateTime<Utc>,
    seek: Seek,
) -> Result<Vec<InvitationEntry>, Failure> {
    let InvitationFilter { state, inviter, group } = filter;
    let Seek { after, limit } = seek;
    let after = newest_first(after);
    let mut rows = vec![];
    for part in parts(state.map(InvitationState::as_str), now) {
        rows.extend(page(connection, organization, part, (inviter.as_ref(), group.as_ref()), &after, limit)?);
    }
    newest(rows, limit)
}

fn requests(
    connection: &Connection,
    organization: &OrganizationId,
    filter: RequestFilter,
    now: DateTime<Utc>,
    seek: Seek,
) -> Result<Vec<JoinRequest>, Failure> {
    let RequestFilter { state, group, by } = filter;
    let Seek { after, limit } = seek;
    let Key(at, id) = newest_first(after);
    let group = group.map(|group| text(group.as_str()));
    let by = by.map(|user| text(user.as_str()));
    let mut rows = vec![];
    for part in parts(state.map(RequestState::as_str), now) {
        let sql = match (&part, &by, &group) {
            (None, None, None) => sql::REQUESTS,
            (None, Some(_), None) => sql::REQUESTS_BY,
            (None, _, Some(_)) => sql::REQUESTS_FOR,
            (Some(Part::Ended(_)), None, None) => sql::REQUESTS_IN,
            (Some(Part::Ended(_)), Some(_), None) => sql::REQUESTS_IN_BY,
            (Some(Part::Ended(_)), _, Some(_)) => sql::REQUESTS_IN_FOR,
            (Some(Part::Open { .. }), None, None) => sql::REQUESTS_OPEN,
            (Some(Part::Open { .. }), Some(_), None) => sql::REQUESTS_OPEN_BY,
            (Some(Part::Open { .. }), _, Some(_)) => sql::REQUESTS_OPEN_FOR,
        };
        let mut values = vec![text(organization.as_str()), at.clone(), id.clone(), limit.into()];
        values.extend(part.into_iter().flat_map(Part::values));
        match &group {
            Some(group) => values.extend([group.clone(), by.clone().into()]),
            None => values.extend(by.clone()),
        }
        rows.extend(all(connection, sql, params_from_iter(values), rows::request)?);
    }
    newest(rows, limit)
}

fn inbox(
    connection: &Connection,
    invitees: BTreeSet<String>,
    now: DateTime<Utc>,
    seek: Seek,
) -> Result<Vec<InboxEntry>, Failure> {
    let Seek { after, limit } = seek;
    let after = newest_first(after);
    let mut rows = vec![];
    for invitee in invitees {
        let params = params![invitee, micros(now), after.0, after.1, limit];
        rows.extend(all(connection, sql::INBOX, params, |columns| {
            let organization = columns.organization()?;
            let invitation = rows::invitation(columns).map_err(|failure| failure.of(&organization))?;
            Ok(InboxEntry { organization, organization_name: String::new(), invitation })
        })?);
    }
    let mut page = newest(rows, limit)?;
    for entry in &mut page {
        entry.organization_name =
            organization_of(connection, &entry.organization)?.settings.name().to_owned();
    }
    Ok(page)
}

/// The organization of each, at most so many.
fn waiting(
    connection: &Connection,
    invitees: BTreeSet<String>,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<OrganizationId>, Failure> {
    let mut waiting = vec![];
    for invitee in invitees {
        let found = all(connection, sql::WAITING, params![invitee, micros(now), limit], |columns| {
            columns.organization_id()
        })?;
        waiting.extend(found);
    }
    waiting.truncate(usize::try_from(limit).map_err(Failure::other)?);
    Ok(waiting)
}

fn memberships(connection: &Connection, user: &UserId, seek: Seek) -> Result<Vec<Membership>, Failure> {
    let Seek { after, limit } = seek;
    let after = oldest_first(after);
    let page =
        all(connection, sql::MEMBERSHIPS, params![user.as_str(), after.0, after.1, limit], |columns| {
            let organization = columns.organization()?;
            let member = rows::member(columns).map_err(|failure| failure.of(&organization))?;
            Ok((organization, member))
        })?;
    let membership = |(id, member)| {
        let Organization { id, settings, status, .. } = organization_of(connection, &id)?;
        Ok(Membership { organization: id, organization_name: settings.name().to_owned(), status, member })
    };
    page.into_iter().map(membership).collect()
}

fn requests_by(connection: &Connection, user: &UserId, seek: Seek) -> Result<Vec<RequestEntry>, Failure> {
    let Seek { after, limit } = seek;
    let Key(at, id) = newest_first(after);
    let page = all(connection, sql::REQUESTS_EVERYWHERE, params![user.as_str(), at, id, limit], |columns| {
        let organization = columns.organization()?;
        let request = rows::request(columns).map_err(|failure| failure.of(&organization))?;
        Ok((organization, request))
    })?;
    let entry = |(id, request)| {
        let Organization { id, settings, status, .. } = organization_of(connection, &id)?;
        Ok(RequestEntry { organization: id, organization_name: settings.name().to_owned(), status, request })
    };
    page.into_iter().map(entry).collect()
}

fn circle(connection: &Connection, circle: &Circle, limit: u32) -> Result<Vec<UserId>, Failure> {
    let (sql, organization, among) = match circle {
        Circle::Group(organization, group) => (sql::CIRCLE_GROUP, organization, text(group.as_str())),
        Circle::Members { organization, until } => {
            (sql::CIRCLE_MEMBERS, organization, until.map_or(LAST, micros))
        }
        Circle::Former { organization, since } => (sql::CIRCLE_FORMER, organization, micros(*since)),
    };
    all(connection, sql, params![organization.as_str(), among, limit], |columns| {
        columns.parsed(|text: String| UserId::parse(text))
    })
}

fn suppressions(
    connection: &Connection,
    invitees: BTreeSet<String>,
    limit: u32,
) -> Result<Vec<SuppressionEntry>, Failure> {
    let mut found = Vec::new();
    for invitee in invitees {
        let here = all(connection, sql::SUPPRESSIONS_OF, params![invitee, limit], |columns| {
            Ok((rows::suppression(columns)?, columns.organization()?))
        })?;
        for (suppression, id) in here {
            let name = organization_of(connection, &id)?.settings.name().to_owned();
            found.push(SuppressionEntry { organization: Some((id, name)), suppression });
        }
        let everywhere = first(connection, sql::BLOCK, [invitee], rows::suppression)?;
        found.extend(everywhere.map(|suppression| SuppressionEntry { organization: None, suppression }));
    }
    found.sort_by_key(|entry| Reverse(entry.suppression.at));
    found.truncate(usize::try_from(limit).map_err(Failure::other)?);
    Ok(found)
}

/// A row whose organization is not there was left by nobody's commit.
fn organization_of(connection: &Connection, id: &OrganizationId) -> Result<Organization, Failure> {
    let found = load::organization(connection, id)
        .and_then(|row| row.ok_or_else(|| Failure::missing("organization")));
    found.map_err(|failure| failure.of(id))
}

fn page(
    connection: &Connection,
    organization: &OrganizationId,
    part: Option<Part>,
    (inviter, group): (Option<&UserId>, Option<&GroupId>),
    after: &Key,
    limit: u32,
) -> Result<Vec<InvitationEntry>, Failure> {
    let sql = match (&part, inviter, group) {
        (None, None, None) => sql::INVITATIONS,
        (None, Some(_), None) => sql::INVITATIONS_BY,
        (None, _, Some(_)) => sql::INVITATIONS_FOR,
        (Some(Part::Ended(_)), None, None) => sql::INVITATIONS_IN,
        (Some(Part::Ended(_)), Some(_), None) => sql::INVITATIONS_IN_BY,
        (Some(Part::Ended(_)), _, Some(_)) => sql::INVITATIONS_IN_FOR,
        (Some(Part::Open { .. }), None, None) => sql::INVITATIONS_OPEN,
        (Some(Part::Open { .. }), Some(_), None) => sql::INVITATIONS_OPEN_BY,
        (Some(Part::Open { .. }), _, Some(_)) => sql::INVITATIONS_OPEN_FOR,
    };
    let mut values = vec![text(organization.as_str()), after.0.clone(), after.1.clone(), limit.into()];
    values.extend(part.into_iter().flat_map(Part::values));
    let inviter = inviter.map(|user| Value::Text(actor_key(&user.clone().into())));
    match group {
        Some(group) => values.extend([text(group.as_str()), inviter.into()]),
        None => values.extend(inviter),
    }
    let page = all(connection, sql, params_from_iter(values), rows::invitation)?;
    page.into_iter().map(|row| with_delivery(connection, organization, row)).collect()
}

fn with_delivery(
    connection: &Connection,
    organization: &OrganizationId,
    invitation: Invitation,
) -> Result<InvitationEntry, Failure> {
    let params = params![organization.as_str(), blob(invitation.id.as_uuid())];
    let delivery = first(connection, sql::LAST_DELIVERY, params, rows::delivery)?;
    Ok(InvitationEntry { invitation, delivery })
}
