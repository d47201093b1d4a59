//! Commit: the second half of a command. It writes rows, interprets nothing and computes nothing.

use chrono::{DateTime, Utc};
use invite_core::{
    Commit, EmailAddress, Erasures, Former, Group, GroupId, GroupMember, Invitation, InvitationId,
    InviteLink, Invitee, JoinRequest, LinkId, Member, Organization, OrganizationId, Place, RequestId,
    RowChange, Scope, Suppression, SuppressionKind, UserId,
};
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use crate::columns::{blob, first, integer, micros, text, to_json};
use crate::error::Failure;
use crate::{rows, sql};

/// Writes into the open transaction, which is to be rolled back if it fails.
pub(crate) fn write(connection: &Connection, commit: &Commit) -> Result<(), Failure> {
    let Commit {
        id: _, // stands in every event record
        organization,
        version,
        header,
        members,
        group_members,
        groups,
        links,
        requests,
        invitations,
        places,
        suppressions,
        limits,
        former,
        events,
        deliveries,
        commands,
        erased,
    } = commit;
    if !commit.is_sound() {
        return Err(Failure::other("the commit contradicts itself"));
    }
    guard(connection, organization, *version, header.as_ref())?;
    erase(connection, organization, erased)?;
    for pass in [Pass::Standing, Pass::New] {
        for change in pass.of(places) {
            place(connection, organization, change)?;
        }
        for change in pass.of(invitations) {
            invitation(connection, organization, change)?;
        }
        for change in pass.of(members) {
            member(connection, organization, change)?;
        }
        for change in pass.of(group_members) {
            group_member(connection, organization, change)?;
        }
        for change in pass.of(groups) {
            group(connection, organization, change)?;
        }
        for change in pass.of(links) {
            link(connection, organization, change)?;
        }
        for change in pass.of(requests) {
            request(connection, organization, change)?;
        }
        for change in pass.of(suppressions) {
            suppression(connection, organization, change)?;
        }
    }
    for (subject, kept) in limits {
        one(
            connection,
            sql::PUT_LIMIT,
            vec![text(organization.as_str()), subject.key().into(), micros(*kept)],
        )?;
    }
    for Former { user, left_at, grants } in former {
        let values =
            vec![text(organization.as_str()), text(user.as_str()), micros(*left_at), to_json(grants)?];
        one(connection, sql::PUT_FORMER, values)?;
    }
    for record in events {
        one(connection, sql::INSERT_EVENT, rows::event_values(organization, record)?)?;
    }
    for row in deliveries {
        one(connection, sql::INSERT_DELIVERY, rows::delivery_values(row)?)?;
    }
    for record in commands {
        one(connection, sql::PUT_COMMAND, rows::command_values(organization, record))?;
    }
    Ok(())
}

/// Rows that are there are settled first, so that a key they give up is free for a new one.
#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Standing,
    New,
}

impl Pass {
    fn of<K, R>(self, changes: &[RowChange<K, R>]) -> impl Iterator<Item = &RowChange<K, R>> {
        changes.iter().filter(move |change| matches!(change, RowChange::Insert(_)) == (self == Self::New))
    }
}

/// Requires the version that was decided on, and takes the lock of the database.
fn guard(
    connection: &Connection,
    organization: &OrganizationId,
    version: u64,
    header: Option<&Organization>,
) -> Result<(), Failure> {
    match header {
        Some(row) if version == 0 => {
            one(connection, sql::INSERT_ORGANIZATION, rows::organization_values(row)?)
        }
        Some(row) => {
            let mut values = rows::organization_values(row)?;
            values.push(integer(version)?);
            one(connection, sql::UPDATE_ORGANIZATION, values)
        }
        None => {
            let found = first(connection, sql::VERSION, [organization.as_str()], |columns| columns.value())?;
            let found = Value::Integer(found.unwrap_or_default());
            if found == integer(version)? { Ok(()) } else { Err(Failure::Conflict) }
        }
    }
}

fn member(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<UserId, Member>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => {
            one(connection, sql::INSERT_MEMBER, rows::member_values(organization, row)?)
        }
        RowChange::Update(row) => {
            one(connection, sql::UPDATE_MEMBER, rows::member_values(organization, row)?)
        }
        RowChange::Delete(user) => {
            one(connection, sql::DELETE_MEMBER, vec![text(organization.as_str()), text(user.as_str())])
        }
    }
}

fn group_member(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<(GroupId, UserId), GroupMember>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => {
            one(connection, sql::INSERT_GROUP_MEMBER, rows::group_member_values(organization, row))
        }
        RowChange::Update(row) => {
            one(connection, sql::UPDATE_GROUP_MEMBER, rows::group_member_values(organization, row))
        }
        RowChange::Delete((group, user)) => {
            one(connection, sql::DELETE_GROUP_MEMBER, rows::group_member_key(organization, group, user))
        }
    }
}

fn group(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<GroupId, Group>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => one(connection, sql::INSERT_GROUP, rows::group_values(organization, row)?),
        RowChange::Update(row) => one(connection, sql::UPDATE_GROUP, rows::group_values(organization, row)?),
        RowChange::Delete(id) => {
            one(connection, sql::DELETE_GROUP, vec![text(organization.as_str()), text(id.as_str())])
        }
    }
}

fn link(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<LinkId, InviteLink>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => {
            one(connection, sql::INSERT_LINK, rows::link_values(organization, row)?)?;
            name_groups_of_link(connection, organization, row)
        }
        RowChange::Update(row) => {
            one(connection, sql::UPDATE_LINK, rows::link_values(organization, row)?)?;
            forget_groups_of_link(connection, organization, row.id)?;
            name_groups_of_link(connection, organization, row)
        }
        RowChange::Delete(id) => {
            one(connection, sql::DELETE_LINK, vec![text(organization.as_str()), blob(id.as_uuid())])?;
            forget_groups_of_link(connection, organization, *id)
        }
    }
}

fn name_groups_of_link(
    connection: &Connection,
    organization: &OrganizationId,
    row: &InviteLink,
) -> Result<(), Failure> {
    let mut groups = rows::link_group_values(organization, row);
    groups.try_for_each(|values| one(connection, sql::INSERT_LINK_GROUP, values))
}

fn forget_groups_of_link(
    connection: &Connection,
    organization: &OrganizationId,
    id: LinkId,
) -> Result<(), Failure> {
    let params = params![organization.as_str(), blob(id.as_uuid())];
    connection.prepare_cached(sql::DELETE_LINK_GROUPS)?.execute(params)?;
    Ok(())
}

fn request(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<RequestId, JoinRequest>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => {
            one(connection, sql::INSERT_REQUEST, rows::request_values(organization, row)?)
        }
        RowChange::Update(row) => {
            one(connection, sql::UPDATE_REQUEST, rows::request_values(organization, row)?)
        }
        RowChange::Delete(id) => {
            one(connection, sql::DELETE_REQUEST, vec![text(organization.as_str()), blob(id.as_uuid())])
        }
    }
}

fn invitation(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<InvitationId, Invitation>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => {
            one(connection, sql::INSERT_INVITATION, rows::invitation_values(organization, row)?)?;
            name_groups(connection, organization, row)
        }
        RowChange::Update(row) => {
            one(connection, sql::UPDATE_INVITATION, rows::invitation_values(organization, row)?)?;
            forget_groups(connection, organization, row.id)?;
            name_groups(connection, organization, row)
        }
        RowChange::Delete(id) => {
            one(connection, sql::DELETE_INVITATION, vec![text(organization.as_str()), blob(id.as_uuid())])?;
            forget_groups(connection, organization, *id)
        }
    }
}

fn name_groups(
    connection: &Connection,
    organization: &OrganizationId,
    row: &Invitation,
) -> Result<(), Failure> {
    let mut groups = rows::invitation_group_values(organization, row);
    groups.try_for_each(|values| one(connection, sql::INSERT_INVITATION_GROUP, values))
}

fn forget_groups(
    connection: &Connection,
    organization: &OrganizationId,
    id: InvitationId,
) -> Result<(), Failure> {
    let params = params![organization.as_str(), blob(id.as_uuid())];
    connection.prepare_cached(sql::DELETE_INVITATION_GROUPS)?.execute(params)?;
    Ok(())
}

fn place(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<(Scope, Invitee), Place>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => one(connection, sql::INSERT_PLACE, rows::place_values(organization, row)),
        RowChange::Update(row) => one(connection, sql::UPDATE_PLACE, rows::place_values(organization, row)),
        RowChange::Delete((scope, invitee)) => {
            one(connection, sql::DELETE_PLACE, rows::place_key(organization, scope, invitee))
        }
    }
}

fn suppression(
    connection: &Connection,
    organization: &OrganizationId,
    change: &RowChange<(Invitee, SuppressionKind), Suppression>,
) -> Result<(), Failure> {
    match change {
        RowChange::Insert(row) => {
            one(connection, sql::INSERT_SUPPRESSION, rows::suppression_values(organization, row))
        }
        RowChange::Update(row) => {
            one(connection, sql::UPDATE_SUPPRESSION, rows::suppression_values(organization, row))
        }
        RowChange::Delete((invitee, kind)) => {
            let key = vec![text(organization.as_str()), invitee.key().into(), text(kind.as_str())];
            one(connection, sql::DELETE_SUPPRESSION, key)
        }
    }
}

/// Of what was there before, and of nothing that the commit adds.
fn erase(connection: &Connection, organization: &OrganizationId, erased: &Erasures) -> Result<(), Failure> {
    let Erasures { invitations, requests, users } = erased;
    for id in invitations {
        let params = params![organization.as_str(), blob(id.as_uuid())];
        connection.prepare_cached(sql::ERASE_EVENTS)?.execute(params)?;
        connection.prepare_cached(sql::DELETE_DELIVERIES)?.execute(params)?;
    }
    for id in requests {
        let params = params![organization.as_str(), blob(id.as_uuid())];
        connection.prepare_cached(sql::ERASE_EVENTS_OF_REQUEST)?.execute(params)?;
    }
    for user in users {
        let params = params![organization.as_str(), user.as_str()];
        connection.prepare_cached(sql::ERASE_EVENTS_OF_USER)?.execute(params)?;
        connection.prepare_cached(sql::DELETE_FORMER)?.execute(params)?;
    }
    Ok(())
}

pub(crate) fn forget_commands(
    connection: &Connection,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<u32, Failure> {
    let forgotten = connection.prepare_cached(sql::FORGET_COMMANDS)?.execute(params![micros(now), limit])?;
    u32::try_from(forgotten).map_err(Failure::other)
}

/// For how many of them it changed anything.
pub(crate) fn block_everywhere(
    connection: &Connection,
    invitees: &[Invitee],
    since: Option<DateTime<Utc>>,
) -> Result<u32, Failure> {
    let mut changed = 0;
    for invitee in invitees {
        let (key, address) = (invitee.key(), invitee.address().map(EmailAddress::as_str));
        changed += match since {
            Some(at) => {
                connection.prepare_cached(sql::INSERT_BLOCK)?.execute(params![key, address, micros(at)])?
            }
            None => connection.prepare_cached(sql::DELETE_BLOCK)?.execute([key])?,
        };
    }
    u32::try_from(changed).map_err(Failure::other)
}

/// Writes exactly one row; that it is not there, or is there already, is a conflict.
fn one(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<(), Failure> {
    let written = connection.prepare_cached(sql)?.execute(params_from_iter(values))?;
    if written == 1 { Ok(()) } else { Err(Failure::Conflict) }
}
