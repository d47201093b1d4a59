//! Load: the first half of a command.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use invite_core::{
    CommandKey, CommandRecord, CommitId, DueInvitations, EmailAddress, Group, GroupId, Invitation,
    InvitationId, InviteLink, Invitee, JoinRequest, LimitSubject, LinkId, Member, Organization,
    OrganizationId, Reads, RequestId, Slice, Suppression, UserId,
};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};
use uuid::Uuid;

use crate::columns::{Columns, LAST, actor_key, all, blob, first, micros};
use crate::error::Failure;
use crate::{rows, sql};

/// Each round answers keys that the one before opened. Four are needed; more are a bug of ours.
const MOST_ROUNDS: usize = 8;

pub(crate) fn slice(
    connection: &Connection,
    id: &OrganizationId,
    reads: &Reads,
    now: DateTime<Utc>,
) -> Result<Slice, Failure> {
    let mut slice = Slice::new(id.clone(), organization(connection, id)?);
    for _ in 0..MOST_ROUNDS {
        let open = slice.open(reads);
        if open.is_empty() {
            return Ok(slice);
        }
        answer(connection, id, open, now, &mut slice)?;
    }
    Err(Failure::other("a slice asks for rows that this store does not know"))
}

fn answer(
    connection: &Connection,
    organization: &OrganizationId,
    open: Reads,
    now: DateTime<Utc>,
    slice: &mut Slice,
) -> Result<(), Failure> {
    for id in open.invitations {
        let row = invitation(connection, organization, id)?;
        let mailed_at = match &row {
            Some(row) => mailed_at(connection, organization, row)?,
            None => None,
        };
        slice.answer_invitation(id, row, mailed_at);
    }
    for invitee in open.invitees {
        let rows = open_of(connection, organization, &invitee)?;
        let suppressions = suppressions(connection, organization, &invitee)?;
        slice.answer_invitee(invitee, rows, suppressions);
    }
    for user in open.members {
        let row = member(connection, organization, &user)?;
        slice.answer_member(user, row);
    }
    for address in open.addresses {
        let row = member_with(connection, organization, &address)?;
        slice.answer_address(address, row);
    }
    for user in open.sent_by {
        let rows = sent_by(connection, organization, &user)?;
        slice.answer_sent_by(user, rows);
    }
    for id in open.groups {
        let row = group(connection, organization, &id)?;
        slice.answer_group(id, row);
    }
    for id in open.links {
        let row = link(connection, organization, id)?;
        slice.answer_link(id, row);
    }
    for id in open.requests {
        let row = request(connection, organization, id)?;
        slice.answer_request(id, row);
    }
    for invitee in open.asked {
        let rows = asked(connection, organization, &invitee)?;
        slice.answer_asked(invitee, rows);
    }
    if open.kept_links {
        let rows = kept_links(connection, organization)?;
        slice.answer_kept_links(rows);
    }
    for subject in open.limits {
        let kept = limit(connection, organization, &subject)?;
        slice.answer_limit(subject, kept);
    }
    for key in open.commands {
        let record = command(connection, organization, &key)?;
        slice.answer_command(key, record);
    }
    if let (1.., Some(row)) = (open.due, slice.organization()) {
        let (rows, more) = due(connection, row, now, open.due, (sql::DUE, rows::invitation))?;
        let (members, more_members) = due_access(connection, row, now, open.due)?;
        slice.answer_due(rows, members, more || more_members);
    }
    if let (1.., Some(row)) = (open.due_requests, slice.organization()) {
        let (rows, more) = due(connection, row, now, open.due_requests, (sql::DUE_REQUESTS, rows::request))?;
        slice.answer_due_requests(rows, more);
    }
    for invitee in open.past {
        let limit = usize::try_from(Reads::PAST).map_err(Failure::other)?;
        let params = params![organization.as_str(), invitee.key(), limit_of(limit.saturating_add(1))];
        let (rows, more) = at_most(limit, all(connection, sql::PAST, params, rows::invitation)?);
        let (requests, more_requests) =
            at_most(limit, past_requests(connection, organization, &invitee, limit.saturating_add(1))?);
        slice.answer_past(invitee, rows, requests, more || more_requests);
    }
    if let (1.., Some(row)) = (open.overdue, slice.organization()) {
        match row.erased_until(now, open.retention).map(micros) {
            Some(until) => {
                let (rows, more) =
                    past(connection, row, until.clone(), open.overdue, (sql::OVERDUE, rows::invitation))?;
                let asked = (sql::OVERDUE_REQUESTS, rows::request);
                let (requests, more_requests) = past(connection, row, until, open.overdue, asked)?;
                slice.answer_overdue(rows, requests, more || more_requests);
            }
            None => slice.answer_overdue(Vec::new(), Vec::new(), false),
        }
    }
    let first = slice.organization().and_then(|row| row.closing.first()).cloned();
    if let (1.., Some(group)) = (open.closing, first) {
        let limit = usize::try_from(open.closing).map_err(Failure::other)?;
        let (members, more_members) =
            naming(connection, organization, &group, limit, (sql::CLOSING_MEMBERS, rows::member))?;
        let (invitations, more_invitations) =
            naming(connection, organization, &group, limit, (sql::CLOSING_INVITATIONS, rows::invitation))?;
        let (requests, more_requests) =
            naming(connection, organization, &group, limit, (sql::CLOSING_REQUESTS, rows::request))?;
        let more = more_members || more_invitations || more_requests;
        slice.answer_closing(group, members, invitations, requests, more);
    }
    Ok(())
}

pub(crate) fn organization(
    connection: &Connection,
    id: &OrganizationId,
) -> Result<Option<Organization>, Failure> {
    first(connection, sql::ORGANIZATION, [id.as_str()], rows::organization)
}

pub(crate) fn invitation(
    connection: &Connection,
    organization: &OrganizationId,
    id: InvitationId,
) -> Result<Option<Invitation>, Failure> {
    first(connection, sql::INVITATION, params![organization.as_str(), blob(id.as_uuid())], rows::invitation)
}

fn mailed_at(
    connection: &Connection,
    organization: &OrganizationId,
    row: &Invitation,
) -> Result<Option<DateTime<Utc>>, Failure> {
    let params = params![organization.as_str(), blob(row.id.as_uuid()), row.revision];
    Ok(first(connection, sql::MAILED_AT, params, |columns| columns.time_option())?.flatten())
}

fn open_of(
    connection: &Connection,
    organization: &OrganizationId,
    invitee: &Invitee,
) -> Result<Vec<Invitation>, Failure> {
    let params = params![organization.as_str(), invitee.key(), limit_of(Reads::MAX_OPEN.saturating_add(1))];
    let rows = all(connection, sql::OPEN_OF, params, rows::invitation)?;
    if rows.len() > Reads::MAX_OPEN {
        return Err(Failure::other("an invitee has more open invitations than can be"));
    }
    Ok(rows)
}

pub(crate) fn suppressions(
    connection: &Connection,
    organization: &OrganizationId,
    invitee: &Invitee,
) -> Result<Vec<Suppression>, Failure> {
    all(connection, sql::SUPPRESSIONS, params![organization.as_str(), invitee.key()], rows::suppression)
}

fn member(
    connection: &Connection,
    organization: &OrganizationId,
    user: &UserId,
) -> Result<Option<Member>, Failure> {
    first(connection, sql::MEMBER, [organization.as_str(), user.as_str()], rows::member)
}

fn member_with(
    connection: &Connection,
    organization: &OrganizationId,
    address: &EmailAddress,
) -> Result<Option<Member>, Failure> {
    first(connection, sql::MEMBER_WITH, [organization.as_str(), address.canonical()], rows::member)
}

fn sent_by(
    connection: &Connection,
    organization: &OrganizationId,
    user: &UserId,
) -> Result<Vec<Invitation>, Failure> {
    let inviter = actor_key(&user.clone().into());
    let params = params![organization.as_str(), inviter, limit_of(Reads::MAX_SENT.saturating_add(1))];
    all(connection, sql::SENT_BY, params, rows::invitation)
}

fn group(
    connection: &Connection,
    organization: &OrganizationId,
    id: &GroupId,
) -> Result<Option<Group>, Failure> {
    first(connection, sql::GROUP, [organization.as_str(), id.as_str()], rows::group)
}

fn link(
    connection: &Connection,
    organization: &OrganizationId,
    id: LinkId,
) -> Result<Option<InviteLink>, Failure> {
    first(connection, sql::LINK, params![organization.as_str(), blob(id.as_uuid())], rows::link)
}

fn kept_links(connection: &Connection, organization: &OrganizationId) -> Result<Vec<InviteLink>, Failure> {
    let limit = limit_of(Reads::MAX_LINKS.saturating_add(1));
    let params = params![organization.as_str(), LAST, blob(Uuid::nil()), limit];
    let rows = all(connection, sql::LINKS_KEPT, params, rows::link)?;
    if rows.len() > Reads::MAX_LINKS {
        return Err(Failure::other("an organization has more links than can be"));
    }
    Ok(rows)
}

fn request(
    connection: &Connection,
    organization: &OrganizationId,
    id: RequestId,
) -> Result<Option<JoinRequest>, Failure> {
    first(connection, sql::REQUEST, params![organization.as_str(), blob(id.as_uuid())], rows::request)
}

fn asked(
    connection: &Connection,
    organization: &OrganizationId,
    invitee: &Invitee,
) -> Result<Vec<JoinRequest>, Failure> {
    let params = params![organization.as_str(), invitee.key(), limit_of(Reads::MAX_ASKED.saturating_add(1))];
    let rows = all(connection, sql::ASKED, params, rows::request)?;
    if rows.len() > Reads::MAX_ASKED {
        return Err(Failure::other("an invitee has more open join requests than can be"));
    }
    Ok(rows)
}

/// Rows that name a group, at most so many, and whether there are more.
fn naming<T>(
    connection: &Connection,
    organization: &OrganizationId,
    group: &GroupId,
    limit: usize,
    (sql, read): (&str, impl FnMut(&mut Columns<'_, '_>) -> Result<T, Failure>),
) -> Result<(Vec<T>, bool), Failure> {
    let params = params![organization.as_str(), group.as_str(), limit_of(limit.saturating_add(1))];
    Ok(at_most(limit, all(connection, sql, params, read)?))
}

fn limit(
    connection: &Connection,
    organization: &OrganizationId,
    subject: &LimitSubject,
) -> Result<Option<DateTime<Utc>>, Failure> {
    first(connection, sql::LIMIT, params![organization.as_str(), subject.key()], |columns| columns.time())
}

fn command(
    connection: &Connection,
    organization: &OrganizationId,
    key: &CommandKey,
) -> Result<Option<CommandRecord>, Failure> {
    let params = params_from_iter(rows::command_key(organization, key));
    first(connection, sql::COMMAND, params, |columns| rows::command(key, columns))
}

/// One more than asked for is looked up, as the sign that there are more.
fn due<T>(
    connection: &Connection,
    organization: &Organization,
    now: DateTime<Utc>,
    limit: u32,
    (sql, read): (&str, impl FnMut(&mut Columns<'_, '_>) -> Result<T, Failure>),
) -> Result<(Vec<T>, bool), Failure> {
    let up_to = match organization.due_invitations(now) {
        DueInvitations::ExpiredAt(now) => micros(now),
        DueInvitations::All => LAST,
    };
    past(connection, organization, up_to, limit, (sql, read))
}

/// The same of members whose access ended.
fn due_access(
    connection: &Connection,
    organization: &Organization,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<(Vec<Member>, bool), Failure> {
    let up_to = micros(organization.due_access(now));
    past(connection, organization, up_to, limit, (sql::DUE_ACCESS, rows::member))
}

fn past<T>(
    connection: &Connection,
    organization: &Organization,
    up_to: Value,
    limit: u32,
    (sql, read): (&str, impl FnMut(&mut Columns<'_, '_>) -> Result<T, Failure>),
) -> Result<(Vec<T>, bool), Failure> {
    let limit = usize::try_from(limit).map_err(Failure::other)?;
    let params = params![organization.id.as_str(), up_to, limit_of(limit.saturating_add(1))];
    Ok(at_most(limit, all(connection, sql, params, read)?))
}

/// Join requests that tell somebody as whoever would join, or by the address that they would join with.
fn past_requests(
    connection: &Connection,
    organization: &OrganizationId,
    invitee: &Invitee,
    limit: usize,
) -> Result<Vec<JoinRequest>, Failure> {
    let found = |sql, name: &str| {
        all(connection, sql, params![organization.as_str(), name, limit_of(limit)], rows::request)
    };
    let mut rows = found(sql::PAST_REQUESTS, &invitee.key())?;
    if let Some(address) = invitee.address() {
        rows.extend(found(sql::PAST_REQUESTS_WITH, address.canonical())?);
        rows.sort_unstable_by_key(|row| row.id);
        rows.dedup_by_key(|row| row.id);
    }
    Ok(rows)
}

/// Of one more than asked for, those asked for, and whether there are more.
fn at_most<T>(limit: usize, mut rows: Vec<T>) -> (Vec<T>, bool) {
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}

/// The organizations behind one that hold something about a person, by their ids.
pub(crate) fn holders(
    connection: &Connection,
    person: &[Invitee],
    after: &str,
    limit: u32,
) -> Result<Vec<OrganizationId>, Failure> {
    let mut holders = BTreeSet::new();
    for invitee in person {
        let (key, name, own) = match invitee {
            Invitee::Address(address) => (
                invitee.key(),
                address.canonical(),
                &[sql::HOLDERS_OF_ADDRESS, sql::HOLDERS_OF_REQUESTS_WITH][..],
            ),
            Invitee::User(user) => (
                invitee.key(),
                user.as_str(),
                &[sql::HOLDERS_OF_MEMBER, sql::HOLDERS_OF_RECORDS, sql::HOLDERS_OF_REQUESTS_BY][..],
            ),
            Invitee::Erased(_) => continue,
        };
        let invited =
            [sql::HOLDERS_OF_OPEN, sql::HOLDERS_OF_PAST, sql::HOLDERS_OF_REQUESTS, sql::HOLDERS_OF_BLOCKS];
        let asked =
            invited.into_iter().map(|sql| (sql, key.as_str())).chain(own.iter().map(|sql| (*sql, name)));
        for (sql, name) in asked {
            let found =
                all(connection, sql, params![name, after, limit], |columns| columns.organization_id())?;
            holders.extend(found);
        }
    }
    Ok(holders.into_iter().take(usize::try_from(limit).map_err(Failure::other)?).collect())
}

pub(crate) fn find_commit(
    connection: &Connection,
    organization: &OrganizationId,
    commit: CommitId,
) -> Result<bool, Failure> {
    let params = params![organization.as_str(), blob(commit.as_uuid())];
    Ok(first(connection, sql::FIND_COMMIT, params, |_| Ok(()))?.is_some())
}

fn limit_of(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
