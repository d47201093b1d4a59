//! Rows: each table written and read in one place.

use invite_core::{
    CommandKey, CommandRecord, CommitId, Counts, Delivery, EmailAddress, Ending, EventRecord, Former, Group,
    GroupId, GroupMember, Invitation, InvitationId, InviteLink, Invitee, JoinRequest, JoinedBy, LinkEnding,
    LinkId, Member, Organization, Place, RequestEnding, RequestId, RequestWay, Scope, Suppression, UserId,
};
use invite_storage::EventEntry;

use crate::columns::{Columns, actor_key};
use crate::error::Failure;
use crate::value::Value;

pub(crate) fn organization(columns: &mut Columns<'_>) -> Result<Organization, Failure> {
    Ok(Organization {
        id: columns.organization_id()?,
        status: columns.word()?,
        plan: columns.json()?,
        settings: columns.json()?,
        counts: Counts {
            members: columns.value()?,
            owners: columns.value()?,
            pending: columns.value()?,
            groups: columns.value()?,
            links: columns.value()?,
            requests: columns.value()?,
            seats: columns.json()?,
        },
        closing: columns.json()?,
        suspended_by: columns.json_option()?,
        verified: columns.json()?,
        version: columns.value()?,
        created_at: columns.time()?,
        last_at: columns.time()?,
    })
}

/// Without its id.
pub(crate) fn organization_values(row: &Organization) -> Result<Vec<Value>, Failure> {
    let Organization {
        id: _,
        status,
        plan,
        settings,
        counts,
        closing,
        suspended_by,
        verified,
        version,
        created_at,
        last_at,
    } = row;
    let Counts { members, owners, pending, groups, links, requests, seats } = counts;
    Ok(vec![
        Value::text(status.as_str()),
        Value::json(plan)?,
        Value::json(settings)?,
        Value::integer(*members),
        Value::integer(*owners),
        Value::integer(*pending),
        Value::integer(*groups),
        Value::integer(*links),
        Value::integer(*requests),
        Value::json(seats)?,
        Value::json(closing)?,
        Value::json_option(suspended_by.as_ref())?,
        Value::json(verified)?,
        Value::count(*version)?,
        Value::time(*created_at),
        Value::time(*last_at),
    ])
}

pub(crate) fn member(columns: &mut Columns<'_>) -> Result<Member, Failure> {
    Ok(Member {
        user: columns.user_id()?,
        status: columns.word()?,
        email: columns.address_option()?,
        grants: columns.json()?,
        seat: columns.option::<String>()?.map(Into::into),
        joined_by: columns.json()?,
        joined_at: columns.time()?,
        metadata: columns.json()?,
    })
}

pub(crate) fn former(columns: &mut Columns<'_>) -> Result<Former, Failure> {
    Ok(Former { user: columns.user_id()?, left_at: columns.time()?, grants: columns.json()? })
}

pub(crate) fn member_values(row: &Member) -> Result<Vec<Value>, Failure> {
    let Member { user, status, email, grants, seat, joined_by, joined_at, metadata } = row;
    let role = grants.access(&Scope::Organization).map(|access| access.role_name().as_str());
    let link = match joined_by {
        JoinedBy::Link { link, revision: _ } => Some(link.as_uuid()),
        _ => None,
    };
    Ok(vec![
        Value::text(user.as_str()),
        Value::text(status.as_str()),
        Value::text_option(email.as_ref().map(EmailAddress::as_str)),
        Value::text_option(email.as_ref().map(EmailAddress::canonical)),
        Value::text_option(role),
        Value::json(grants)?,
        Value::text_option(seat.as_ref().map(|seat| seat.as_str())),
        Value::json(joined_by)?,
        Value::uuid_option(link),
        Value::time(*joined_at),
        Value::json(metadata)?,
        Value::time_option(row.ends_at()),
    ])
}

pub(crate) fn group_member_values(row: &GroupMember) -> Vec<Value> {
    let GroupMember { group, user, role, joined_at } = row;
    let mut values = group_member_key(group, user);
    values.extend([Value::text(role.as_str()), Value::time(*joined_at)]);
    values
}

pub(crate) fn group_member_key(group: &GroupId, user: &UserId) -> Vec<Value> {
    vec![Value::text(group.as_str()), Value::text(user.as_str())]
}

pub(crate) fn group(columns: &mut Columns<'_>) -> Result<Group, Failure> {
    Ok(Group {
        id: columns.group_id()?,
        status: columns.word()?,
        settings: columns.json()?,
        creator: columns.actor()?,
        created_at: columns.time()?,
    })
}

pub(crate) fn group_values(row: &Group) -> Result<Vec<Value>, Failure> {
    let Group { id, status, settings, creator, created_at } = row;
    Ok(vec![
        Value::text(id.as_str()),
        Value::text(status.as_str()),
        Value::text(settings.name()),
        Value::json(settings)?,
        Value::text(&actor_key(creator)),
        Value::time(*created_at),
    ])
}

pub(crate) fn link(columns: &mut Columns<'_>) -> Result<InviteLink, Failure> {
    Ok(InviteLink {
        id: LinkId::from_uuid(columns.uuid()?),
        settings: columns.json()?,
        revision: columns.value()?,
        switch: columns.json()?,
        creator: columns.actor()?,
        created_at: columns.time()?,
        uses: columns.value()?,
        nonce: columns.nonce()?,
        earlier_nonces: columns.nonces()?,
        ended: columns.ended::<LinkEnding>()?,
    })
}

pub(crate) fn link_values(row: &InviteLink) -> Result<Vec<Value>, Failure> {
    let InviteLink {
        id,
        settings,
        revision,
        switch,
        creator,
        created_at,
        uses,
        nonce,
        earlier_nonces,
        ended,
    } = row;
    Ok(vec![
        Value::uuid(id.as_uuid()),
        Value::json(settings)?,
        Value::integer(*revision),
        Value::json(switch)?,
        Value::text(&actor_key(creator)),
        Value::time(*created_at),
        Value::integer(*uses),
        Value::bytea(nonce.as_bytes().to_vec()),
        Value::bytea(earlier_nonces.iter().flat_map(|nonce| *nonce.as_bytes()).collect()),
        Value::json_option(ended.as_ref().map(|(ending, _)| ending))?,
        Value::time_option(ended.as_ref().map(|(_, at)| *at)),
    ])
}

pub(crate) fn request(columns: &mut Columns<'_>) -> Result<JoinRequest, Failure> {
    let id = RequestId::from_uuid(columns.uuid()?);
    Ok(JoinRequest {
        id,
        way: columns.json()?,
        invitee: columns.invitee_option()?.unwrap_or(Invitee::Erased(id.as_uuid())),
        by: columns.user_id()?,
        email: columns.address_option()?,
        name: columns.option()?,
        grants: columns.json()?,
        message: columns.option()?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
        ended: columns.ended::<RequestEnding>()?,
    })
}

pub(crate) fn request_values(row: &JoinRequest) -> Result<Vec<Value>, Failure> {
    let (state, group) = (row.stored_state(), row.group());
    let link = match row.way {
        RequestWay::Link { link, .. } => Some(link.as_uuid()),
        _ => None,
    };
    let JoinRequest { id, way, invitee, by, email, name, grants, message, created_at, expires_at, ended } =
        row;
    Ok(vec![
        Value::uuid(id.as_uuid()),
        Value::json(way)?,
        Value::uuid_option(link),
        Value::text_option(Some(invitee.key()).filter(|_| !invitee.is_erased()).as_deref()),
        Value::text_option(invitee.address().map(EmailAddress::as_str)),
        Value::text(by.as_str()),
        Value::text_option(email.as_ref().map(EmailAddress::as_str)),
        Value::text_option(email.as_ref().map(EmailAddress::canonical)),
        Value::text_option(name.as_deref()),
        Value::json(grants)?,
        Value::text_option(group.map(GroupId::as_str)),
        Value::text_option(message.as_deref()),
        Value::time(*created_at),
        Value::time(*expires_at),
        Value::text(state.as_str()),
        Value::json_option(ended.as_ref().map(|(ending, _)| ending))?,
        Value::time_option(ended.as_ref().map(|(_, at)| *at)),
    ])
}

pub(crate) fn invitation(columns: &mut Columns<'_>) -> Result<Invitation, Failure> {
    let id = InvitationId::from_uuid(columns.uuid()?);
    Ok(Invitation {
        id,
        kind: columns.json()?,
        invitee: columns.invitee_option()?.unwrap_or(Invitee::Erased(id.as_uuid())),
        name: columns.option()?,
        grants: columns.json()?,
        inviter: columns.actor()?,
        created_at: columns.time()?,
        expires_at: columns.expiry()?,
        ended: columns.ended::<Ending>()?,
        nonce: columns.nonce()?,
        earlier_nonces: columns.nonces()?,
        revision: columns.value()?,
        mail_to: columns.address_option()?,
        seat: columns.option::<String>()?.map(Into::into),
        message: columns.option()?,
        locale: columns.option()?,
        metadata: columns.json()?,
        continue_to: columns.option()?,
        starts_at: columns.option()?,
    })
}

pub(crate) fn invitation_values(row: &Invitation) -> Result<Vec<Value>, Failure> {
    let state = row.stored_state();
    let Invitation {
        id,
        kind,
        invitee,
        name,
        grants,
        inviter,
        created_at,
        expires_at,
        ended,
        nonce,
        earlier_nonces,
        revision,
        mail_to,
        seat,
        message,
        locale,
        metadata,
        continue_to,
        starts_at,
    } = row;
    Ok(vec![
        Value::uuid(id.as_uuid()),
        Value::json(kind)?,
        Value::text_option(Some(invitee.key()).filter(|_| !invitee.is_erased()).as_deref()),
        Value::text_option(invitee.address().map(EmailAddress::as_str)),
        Value::text_option(name.as_deref()),
        Value::json(grants)?,
        Value::text(&actor_key(inviter)),
        Value::time(*created_at),
        expires_at.time().map_or_else(Value::last, Value::time),
        Value::text(state.as_str()),
        Value::json_option(ended.as_ref().map(|(ending, _)| ending))?,
        Value::time_option(ended.as_ref().map(|(_, at)| *at)),
        Value::bytea(nonce.as_bytes().to_vec()),
        Value::bytea(earlier_nonces.iter().flat_map(|nonce| *nonce.as_bytes()).collect()),
        Value::integer(*revision),
        Value::text_option(mail_to.as_ref().map(EmailAddress::as_str)),
        Value::text_option(seat.as_ref().map(|seat| seat.as_str())),
        Value::text_option(message.as_deref()),
        Value::text_option(locale.as_deref()),
        Value::json(metadata)?,
        Value::text_option(continue_to.as_deref()),
        Value::time_option(*starts_at),
        row.waits_until().time().map_or_else(Value::last, Value::time),
    ])
}

/// The groups that an invitation grants something in: a row for each.
pub(crate) fn link_group_values(row: &InviteLink) -> impl Iterator<Item = Vec<Value>> {
    let groups = row.settings.grants().scopes().filter_map(Scope::group);
    groups.map(|group| {
        vec![Value::uuid(row.id.as_uuid()), Value::text(group.as_str()), Value::time(row.created_at)]
    })
}

pub(crate) fn invitation_group_values(row: &Invitation) -> impl Iterator<Item = Vec<Value>> {
    let groups = row.grants.scopes().filter_map(Scope::group);
    groups.map(|group| {
        vec![
            Value::uuid(row.id.as_uuid()),
            Value::text(group.as_str()),
            Value::text(row.stored_state().as_str()),
            Value::time(row.created_at),
        ]
    })
}

pub(crate) fn place_values(row: &Place) -> Vec<Value> {
    let Place { scope, invitee, invitation } = row;
    let mut values = place_key(scope, invitee);
    values.push(Value::uuid(invitation.as_uuid()));
    values
}

pub(crate) fn place_key(scope: &Scope, invitee: &Invitee) -> Vec<Value> {
    let scope = match scope {
        Scope::Organization => "organization".to_owned(),
        Scope::Group(group) => format!("group:{group}"),
    };
    vec![Value::text(&invitee.key()), Value::text(&scope)]
}

pub(crate) fn suppression(columns: &mut Columns<'_>) -> Result<Suppression, Failure> {
    Ok(Suppression { invitee: columns.invitee()?, kind: columns.word()?, at: columns.time()? })
}

pub(crate) fn suppression_values(row: &Suppression) -> Vec<Value> {
    let Suppression { invitee, kind, at } = row;
    vec![
        Value::text(&invitee.key()),
        Value::text(kind.as_str()),
        Value::text_option(invitee.address().map(EmailAddress::as_str)),
        Value::time(*at),
    ]
}

pub(crate) fn command(columns: &mut Columns<'_>) -> Result<CommandRecord, Failure> {
    Ok(CommandRecord {
        key: CommandKey { actor: columns.actor()?, operation: columns.value()?, key: columns.value()? },
        fingerprint: columns.parsed(|bytes: &[u8]| <[u8; 32]>::try_from(bytes))?,
        outcome: columns.value()?,
        expires_at: columns.time()?,
    })
}

pub(crate) fn command_values(row: &CommandRecord) -> Vec<Value> {
    let CommandRecord { key, fingerprint, outcome, expires_at } = row;
    let mut values = command_key(key);
    values.extend([Value::bytea(fingerprint.to_vec()), Value::text(outcome), Value::time(*expires_at)]);
    values
}

pub(crate) fn command_key(key: &CommandKey) -> Vec<Value> {
    let CommandKey { actor, operation, key } = key;
    vec![Value::text(&actor_key(actor)), Value::text(operation), Value::text(key)]
}

pub(crate) fn event(columns: &mut Columns<'_>) -> Result<EventEntry, Failure> {
    Ok(EventEntry {
        sequence: columns.value()?,
        commit: CommitId::from_uuid(columns.uuid()?),
        at: columns.time()?,
        actor: columns.actor()?,
        kind: columns.value()?,
        format: columns.value()?,
        invitation: columns.option()?.map(InvitationId::from_uuid),
        user: columns.parsed_option(|text: &str| UserId::parse(text))?,
        group: columns.parsed_option(|text: &str| GroupId::parse(text))?,
        link: columns.option()?.map(LinkId::from_uuid),
        request: columns.option()?.map(RequestId::from_uuid),
        data: columns.value()?,
    })
}

pub(crate) fn event_values(row: &EventRecord) -> Result<Vec<Value>, Failure> {
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
    } = row;
    Ok(vec![
        Value::count(*sequence)?,
        Value::uuid(commit.as_uuid()),
        Value::time(*at),
        Value::text(&actor_key(actor)),
        Value::text(kind),
        Value::integer(*format),
        Value::uuid_option(invitation.map(|id| id.as_uuid())),
        Value::text_option(user.as_ref().map(UserId::as_str)),
        Value::text_option(group.as_ref().map(GroupId::as_str)),
        Value::uuid_option(link.map(|id| id.as_uuid())),
        Value::uuid_option(request.map(|id| id.as_uuid())),
        Value::bare_json(data)?,
    ])
}

pub(crate) fn delivery(columns: &mut Columns<'_>) -> Result<Delivery, Failure> {
    Ok(Delivery {
        organization: columns.organization_id()?,
        id: columns.delivery_id()?,
        invitation: InvitationId::from_uuid(columns.uuid()?),
        revision: columns.value()?,
        kind: columns.word()?,
        state: columns.word()?,
        due_at: columns.time()?,
        created_at: columns.time()?,
        lease: columns.value()?,
        leased_until: columns.option()?,
        mailed_at: columns.option()?,
        attempts: columns.json()?,
    })
}

pub(crate) fn delivery_values(row: &Delivery) -> Result<Vec<Value>, Failure> {
    let Delivery {
        organization: _, // that of the commit
        id,
        invitation,
        revision,
        kind,
        state,
        due_at,
        created_at,
        lease,
        leased_until,
        mailed_at,
        attempts,
    } = row;
    Ok(vec![
        Value::uuid(id.as_uuid()),
        Value::uuid(invitation.as_uuid()),
        Value::integer(*revision),
        Value::text(kind.as_str()),
        Value::text(state.as_str()),
        Value::time(*due_at),
        Value::time(*created_at),
        Value::integer(*lease),
        Value::time_option(*leased_until),
        Value::time_option(*mailed_at),
        Value::json(attempts)?,
    ])
}

/// Former members are put: key and values are one.
pub(crate) fn former_values(row: &Former) -> Result<Vec<Value>, Failure> {
    let Former { user, left_at, grants } = row;
    Ok(vec![Value::text(user.as_str()), Value::time(*left_at), Value::json(grants)?])
}
