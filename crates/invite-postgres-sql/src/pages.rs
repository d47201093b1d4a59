//! Pages: pages found by the key of the last row before them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use invite_core::{
    Circle, Group, GroupId, InvitationState, InviteLink, Invitee, JoinRequest, Member, OrganizationId,
    OrganizationStatus, RequestState, Settings, UserId,
};
use invite_storage::{
    EventEntry, FormerMembership, GroupFilter, InboxEntry, InvitationEntry, InvitationFilter, LinkFilter,
    MemberFilter, Membership, Pages, RequestEntry, RequestFilter, RosterEntry, Seek, StorageError,
    SuppressionEntry, WhichLinks,
};

use crate::columns::{Columns, Row, actor_key};
use crate::error::Failure;
use crate::parts::{PENDING, Part, parts};
use crate::seek::{Key, in_roster, newest, newest_first, oldest_first};
use crate::sql::{INVITATION_COLUMNS, MEMBER_COLUMNS, REQUEST_COLUMNS};
use crate::statement::{Connect, Statement, Within, all};
use crate::storage::Store;
use crate::value::Value;
use crate::{rows, sql};

#[async_trait]
impl<C: Connect> Pages for Store<C> {
    async fn roster(
        &self,
        organization: &OrganizationId,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<RosterEntry>, StorageError> {
        let (member_after, invitation_after) = in_roster(seek.after.as_ref());
        let mut statements =
            vec![page(sql::ROSTER_MEMBERS, organization.as_str(), member_after, seek.limit, [])];
        for part in parts(Some(PENDING), now) {
            statements.push(page_of(organization, part, (None, None), invitation_after.clone(), seek.limit));
        }
        // One snapshot: whoever becomes a member meanwhile is one or the other.
        let brought = self.run(Within::Snapshot, &statements).await?;
        let mut rows = Vec::new();
        for (n, brought) in brought.iter().enumerate() {
            match n {
                0 => rows.extend(all(brought, rows::member)?.into_iter().map(RosterEntry::Member)),
                _ => rows.extend(all(brought, invitation_entry)?.into_iter().map(RosterEntry::Invitation)),
            }
        }
        Ok(newest(rows, seek.limit))
    }

    async fn invitations(
        &self,
        organization: &OrganizationId,
        filter: &InvitationFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InvitationEntry>, StorageError> {
        let InvitationFilter { state, inviter, group } = filter;
        let after = newest_first(seek.after.as_ref());
        let of = (inviter.as_ref(), group.as_ref());
        let parts = parts(state.map(InvitationState::as_str), now);
        let statements =
            parts.into_iter().map(|part| page_of(organization, part, of, after.clone(), seek.limit));
        Ok(newest(self.parts(&statements.collect::<Vec<_>>(), invitation_entry).await?, seek.limit))
    }

    /// Found by the first thing that is asked for in this order: group, link, role, seat, status.
    async fn members(
        &self,
        organization: &OrganizationId,
        filter: &MemberFilter,
        seek: &Seek,
    ) -> Result<Vec<Member>, StorageError> {
        let MemberFilter { group, link, role, seat, status } = filter;
        let link_value = Value::uuid_option(link.map(|link| link.as_uuid()));
        let role_value = Value::text_option(role.as_ref().map(|role| role.as_str()));
        let seat_value = Value::text_option(seat.as_ref().map(|seat| seat.as_str()));
        let status_value = Value::text_option(status.map(|status| status.as_str()));
        let (sql, values) = match (group, link, role, seat, status) {
            (Some(group), _, None, ..) => (
                sql::MEMBERS_IN_GROUP,
                vec![Value::text(group.as_str()), link_value, seat_value, status_value],
            ),
            (Some(group), ..) => (
                sql::MEMBERS_IN_GROUP_OF_ROLE,
                vec![Value::text(group.as_str()), link_value, seat_value, status_value, role_value],
            ),
            (None, Some(_), ..) => {
                (sql::MEMBERS_BY_LINK, vec![link_value, role_value, seat_value, status_value])
            }
            (None, None, Some(_), ..) => (sql::MEMBERS_OF_ROLE, vec![role_value, seat_value, status_value]),
            (None, None, None, Some(_), _) => (sql::MEMBERS_IN_SEAT, vec![seat_value, status_value]),
            (None, None, None, None, Some(_)) => (sql::MEMBERS_OF_STATUS, vec![status_value]),
            (None, None, None, None, None) => (sql::MEMBERS, vec![]),
        };
        let after = oldest_first(seek.after.as_ref());
        self.list(page(sql, organization.as_str(), after, seek.limit, values), rows::member).await
    }

    /// Found by the name, if one is asked for.
    async fn groups(
        &self,
        organization: &OrganizationId,
        filter: &GroupFilter,
        seek: &Seek,
    ) -> Result<Vec<Group>, StorageError> {
        let GroupFilter { status, name } = filter;
        if name.as_ref().is_some_and(|name| name.contains('\0')) {
            return Ok(Vec::new());
        }
        let status_value = Value::text_option(status.map(|status| status.as_str()));
        let (sql, values) = match (name, status) {
            (Some(name), _) => (sql::GROUPS_NAMED, vec![Value::text(name), status_value]),
            (None, Some(_)) => (sql::GROUPS_IN, vec![status_value]),
            (None, None) => (sql::GROUPS, vec![]),
        };
        let after = oldest_first(seek.after.as_ref());
        self.list(page(sql, organization.as_str(), after, seek.limit, values), rows::group).await
    }

    /// Found by the group, if one is asked for.
    async fn links(
        &self,
        organization: &OrganizationId,
        filter: &LinkFilter,
        seek: &Seek,
    ) -> Result<Vec<InviteLink>, StorageError> {
        let LinkFilter { which, creator, group } = filter;
        let creator_value =
            Value::text_option(creator.clone().map(|user| actor_key(&user.into())).as_deref());
        let (sql, values) = match (group, which, creator) {
            (Some(group), which, _) => {
                let is_all = Value::bool(*which == WhichLinks::All);
                (sql::LINKS_FOR, vec![Value::text(group.as_str()), creator_value, is_all])
            }
            (None, WhichLinks::All, None) => (sql::LINKS, vec![]),
            (None, WhichLinks::Kept, None) => (sql::LINKS_KEPT, vec![]),
            (None, WhichLinks::All, Some(_)) => (sql::LINKS_BY, vec![creator_value]),
            (None, WhichLinks::Kept, Some(_)) => (sql::LINKS_KEPT_BY, vec![creator_value]),
        };
        let after = newest_first(seek.after.as_ref());
        self.list(page(sql, organization.as_str(), after, seek.limit, values), rows::link).await
    }

    async fn requests(
        &self,
        organization: &OrganizationId,
        filter: &RequestFilter,
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<JoinRequest>, StorageError> {
        let RequestFilter { state, group, by } = filter;
        let after = newest_first(seek.after.as_ref());
        let by_value = || Value::text_option(by.as_ref().map(UserId::as_str));
        let statements = parts(state.map(RequestState::as_str), now).into_iter().map(|part| {
            let sql = match (&part, by, group) {
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
            let mut values = part.map(Part::values).unwrap_or_default();
            match group {
                Some(group) => values.extend([Value::text(group.as_str()), by_value()]),
                None => values.extend(by.as_ref().map(|_| by_value())),
            }
            page(sql, organization.as_str(), after.clone(), seek.limit, values)
        });
        Ok(newest(self.parts(&statements.collect::<Vec<_>>(), rows::request).await?, seek.limit))
    }

    async fn inbox(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        seek: &Seek,
    ) -> Result<Vec<InboxEntry>, StorageError> {
        let Key(at, id) = newest_first(seek.after.as_ref());
        let values = vec![names(invitees), Value::time(now), at, id, Value::integer(seek.limit)];
        let page = self.list(Statement::new(sql::INBOX, values), |columns| {
            let organization = ahead(columns, INVITATION_COLUMNS, |columns| columns.organization_id())?;
            let read = |columns: &mut Columns<'_>| {
                let invitation = rows::invitation(columns)?;
                columns.skip(1);
                let settings: Settings = columns.json()?;
                Ok((invitation, settings.name().to_owned()))
            };
            let (invitation, organization_name) =
                read(columns).map_err(|failure: Failure| failure.of(&organization))?;
            Ok(InboxEntry { organization, organization_name, invitation })
        });
        Ok(newest(page.await?, seek.limit))
    }

    async fn waiting(
        &self,
        invitees: &[Invitee],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<OrganizationId>, StorageError> {
        let values = vec![names(invitees), Value::time(now), Value::integer(limit)];
        self.list(Statement::new(sql::WAITING, values), |columns| columns.organization_id()).await
    }

    async fn memberships(&self, user: &UserId, seek: &Seek) -> Result<Vec<Membership>, StorageError> {
        let after = oldest_first(seek.after.as_ref());
        let statement = page(sql::MEMBERSHIPS, user.as_str(), after, seek.limit, []);
        self.list(statement, |columns| {
            let (organization, (member, (status, organization_name))) =
                of_organization(columns, MEMBER_COLUMNS, rows::member)?;
            Ok(Membership { organization, organization_name, status, member })
        })
        .await
    }

    async fn requests_by(&self, user: &UserId, seek: &Seek) -> Result<Vec<RequestEntry>, StorageError> {
        let after = newest_first(seek.after.as_ref());
        let statement = page(sql::REQUESTS_EVERYWHERE, user.as_str(), after, seek.limit, []);
        self.list(statement, |columns| {
            let (organization, (request, (status, organization_name))) =
                of_organization(columns, REQUEST_COLUMNS, rows::request)?;
            Ok(RequestEntry { organization, organization_name, status, request })
        })
        .await
    }

    async fn former_memberships(
        &self,
        user: &UserId,
        limit: u32,
    ) -> Result<Vec<FormerMembership>, StorageError> {
        let values = vec![Value::text(user.as_str()), Value::integer(limit)];
        self.list(Statement::new(sql::FORMER_MEMBERSHIPS, values), |columns| {
            Ok(FormerMembership { organization: columns.organization_id()?, former: rows::former(columns)? })
        })
        .await
    }

    async fn circles(&self, circles: &[Circle], limit: u32) -> Result<Vec<Vec<UserId>>, StorageError> {
        let statements = circles.iter().map(|circle| circle_of(circle, limit)).collect::<Vec<_>>();
        let brought = self.run(Within::Open, &statements).await?;
        Ok(brought.iter().map(|rows| all(rows, |columns| columns.user_id())).collect::<Result<_, _>>()?)
    }

    async fn suppressions(
        &self,
        invitees: &[Invitee],
        limit: u32,
    ) -> Result<Vec<SuppressionEntry>, StorageError> {
        let here = Statement::new(sql::SUPPRESSIONS_EVERYWHERE, vec![names(invitees), Value::integer(limit)]);
        let everywhere = Statement::new(sql::BLOCKS, vec![names(invitees)]);
        let brought = self.run(Within::Open, &[here, everywhere]).await?;
        let mut found = Vec::new();
        for (n, rows) in brought.iter().enumerate() {
            found.extend(all(rows, |columns| {
                let suppression = rows::suppression(columns)?;
                let organization = match n {
                    0 => {
                        let id = columns.organization_id()?;
                        let name = name_of(columns).map_err(|failure| failure.of(&id))?;
                        Some((id, name))
                    }
                    _ => None,
                };
                Ok(SuppressionEntry { organization, suppression })
            })?);
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
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let values = vec![Value::text(organization.as_str()), Value::integer(after), Value::integer(limit)];
        self.list(Statement::new(sql::EVENTS, values), rows::event).await
    }
}

impl<C: Connect> Store<C> {
    async fn list<T>(
        &self,
        statement: Statement,
        read: impl FnMut(&mut Columns<'_>) -> Result<T, Failure> + Send,
    ) -> Result<Vec<T>, StorageError> {
        self.parts(&[statement], read).await
    }

    /// The rows of all statements. Several parts of one list are read in one snapshot, so that a row that goes from one to
    /// another stands in one.
    async fn parts<T>(
        &self,
        statements: &[Statement],
        mut read: impl FnMut(&mut Columns<'_>) -> Result<T, Failure> + Send,
    ) -> Result<Vec<T>, StorageError> {
        let within = if statements.len() > 1 { Within::Snapshot } else { Within::Open };
        let brought = self.run(within, statements).await?;
        Ok(brought
            .iter()
            .flatten()
            .map(|row| read(&mut Columns::of(row as &dyn Row)))
            .collect::<Result<_, _>>()?)
    }
}

/// Reads a column that lies further on, and stays where it was.
fn ahead<T>(
    columns: &mut Columns<'_>,
    skipped: usize,
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut further = columns.clone();
    further.skip(skipped);
    read(&mut further)
}

/// A row with the organization that it lies in: its id, whether it works, and its name. A row whose organization is not there
/// was left by nobody's commit.
#[allow(clippy::type_complexity, reason = "what a row of a list across organizations holds")]
fn of_organization<T>(
    columns: &mut Columns<'_>,
    skipped: usize,
    read: impl FnOnce(&mut Columns<'_>) -> Result<T, Failure>,
) -> Result<(OrganizationId, (T, (OrganizationStatus, String))), Failure> {
    let id = ahead(columns, skipped, |columns| columns.organization_id())?;
    let read = |columns: &mut Columns<'_>| {
        let row = read(columns)?;
        columns.skip(1);
        if columns.is_null() {
            return Err(Failure::missing("organization"));
        }
        columns.skip(1);
        Ok((row, (columns.word()?, name_of(columns)?)))
    };
    let row = read(columns).map_err(|failure| failure.of(&id))?;
    Ok((id, row))
}

/// The name in the settings of an organization.
fn name_of(columns: &mut Columns<'_>) -> Result<String, Failure> {
    if columns.is_null() {
        return Err(Failure::missing("organization"));
    }
    let settings: Settings = columns.json()?;
    Ok(settings.name().to_owned())
}

fn invitation_entry(columns: &mut Columns<'_>) -> Result<InvitationEntry, Failure> {
    let invitation = rows::invitation(columns)?;
    let delivery = if columns.is_null() { None } else { Some(rows::delivery(columns)?) };
    Ok(InvitationEntry { invitation, delivery })
}

fn circle_of(circle: &Circle, limit: u32) -> Statement {
    let (sql, organization, among) = match circle {
        Circle::Group(organization, group) => (sql::CIRCLE_GROUP, organization, Value::text(group.as_str())),
        Circle::Members { organization, until } => {
            (sql::CIRCLE_MEMBERS, organization, until.map_or_else(Value::last, Value::time))
        }
        Circle::Former { organization, since } => (sql::CIRCLE_FORMER, organization, Value::time(*since)),
    };
    Statement::new(sql, vec![Value::text(organization.as_str()), among, Value::integer(limit)])
}

fn names(invitees: &[Invitee]) -> Value {
    Value::texts(invitees.iter().map(Invitee::key).collect::<BTreeSet<_>>())
}

fn page_of(
    organization: &OrganizationId,
    part: Option<Part>,
    (inviter, group): (Option<&UserId>, Option<&GroupId>),
    after: Key,
    limit: u32,
) -> Statement {
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
    let mut values = part.map(Part::values).unwrap_or_default();
    let inviter = inviter.map(|user| actor_key(&user.clone().into()));
    match group {
        Some(group) => values.extend([Value::text(group.as_str()), Value::text_option(inviter.as_deref())]),
        None => values.extend(inviter.as_deref().map(Value::text)),
    }
    page(sql, organization.as_str(), after, limit, values)
}

/// A page of whatever is told by the first parameter, behind a key.
fn page(
    sql: &'static str,
    of: &str,
    Key(at, id): Key,
    limit: u32,
    filter: impl IntoIterator<Item = Value>,
) -> Statement {
    let page = [Value::text(of), at, id, Value::integer(limit)];
    Statement::new(sql, page.into_iter().chain(filter).collect())
}
