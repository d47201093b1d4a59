//! Rows: each table written and read in one place.

use invite_core::{
    CommandKey, CommandRecord, CommitId, Counts, Delivery, EmailAddress, Ending, EventRecord, Expiry, Former,
    Group, GroupId, GroupMember, Invitation, InvitationId, InviteLink, Invitee, JoinRequest, JoinedBy,
    LinkEnding, LinkId, Member, Organization, OrganizationId, Place, RequestEnding, RequestId, Scope,
    Suppression, UserId,
};
use invite_storage::EventEntry;
use rusqlite::types::Value;
use uuid::Uuid;

use crate::columns::{Columns, NEVER, actor_key, blob, integer, micros, text, text_option, time, to_json};
use crate::error::Failure;

pub(crate) fn organization(columns: &mut Columns<'_, '_>) -> Result<Organization, Failure> {
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
        version: columns.parsed(|count: i64| u64::try_from(count))?,
        created_at: columns.time()?,
        last_at: columns.time()?,
    })
}

pub(crate) fn organization_values(row: &Organization) -> Result<Vec<Value>, Failure> {
    let Organization {
        id,
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
        text(id.as_str()),
        text(status.as_str()),
        to_json(plan)?,
        to_json(settings)?,
        (*members).into(),
        (*owners).into(),
        (*pending).into(),
        (*groups).into(),
        (*links).into(),
        (*requests).into(),
        to_json(seats)?,
        to_json(closing)?,
        suspended_by.as_ref().map_or(Ok(Value::Null), to_json)?,
        to_json(verified)?,
        integer(*version)?,
        micros(*created_at),
        micros(*last_at),
    ])
}

pub(crate) fn member(columns: &mut Columns<'_, '_>) -> Result<Member, Failure> {
    Ok(Member {
        user: columns.user_id()?,
        status: columns.word()?,
        email: columns.address_option()?,
        grants: columns.json()?,
        seat: columns.value::<Option<String>>()?.map(Into::into),
        joined_by: columns.json()?,
        joined_at: columns.time()?,
        metadata: columns.json()?,
    })
}

pub(crate) fn former(columns: &mut Columns<'_, '_>) -> Result<Former, Failure> {
    Ok(Former { user: columns.user_id()?, left_at: columns.time()?, grants: columns.json()? })
}

pub(crate) fn member_values(organization: &OrganizationId, row: &Member) -> Result<Vec<Value>, Failure> {
    let Member { user, status, email, grants, seat, joined_by, joined_at, metadata } = row;
    let role = grants.access(&Scope::Organization).map(|access| access.role_name().as_str());
    let link = match joined_by {
        JoinedBy::Link { link, revision: _ } => Some(blob(link.as_uuid())),
        _ => None,
    };
    Ok(vec![
        text(organization.as_str()),
        text(user.as_str()),
        text(status.as_str()),
        text_option(email.as_ref().map(EmailAddress::as_str)),
        text_option(email.as_ref().map(EmailAddress::canonical)),
        text_option(role),
        to_json(grants)?,
        text_option(seat.as_ref().map(|seat| seat.as_str())),
        to_json(joined_by)?,
        link.into(),
        micros(*joined_at),
        to_json(metadata)?,
        row.ends_at().map(micros).into(),
    ])
}

pub(crate) fn group_member_values(organization: &OrganizationId, row: &GroupMember) -> Vec<Value> {
    let GroupMember { group, user, role, joined_at } = row;
    let mut values = group_member_key(organization, group, user);
    values.extend([text(role.as_str()), micros(*joined_at)]);
    values
}

pub(crate) fn group_member_key(organization: &OrganizationId, group: &GroupId, user: &UserId) -> Vec<Value> {
    vec![text(organization.as_str()), text(group.as_str()), text(user.as_str())]
}

pub(crate) fn group(columns: &mut Columns<'_, '_>) -> Result<Group, Failure> {
    Ok(Group {
        id: columns.group_id()?,
        status: columns.word()?,
        settings: columns.json()?,
        creator: columns.actor()?,
        created_at: columns.time()?,
    })
}

pub(crate) fn group_values(organization: &OrganizationId, row: &Group) -> Result<Vec<Value>, Failure> {
    let Group { id, status, settings, creator, created_at } = row;
    Ok(vec![
        text(organization.as_str()),
        text(id.as_str()),
        text(status.as_str()),
        text(settings.name()),
        to_json(settings)?,
        actor_key(creator).into(),
        micros(*created_at),
    ])
}

pub(crate) fn link(columns: &mut Columns<'_, '_>) -> Result<InviteLink, Failure> {
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

pub(crate) fn link_values(organization: &OrganizationId, row: &InviteLink) -> Result<Vec<Value>, Failure> {
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
        text(organization.as_str()),
        blob(id.as_uuid()),
        to_json(settings)?,
        (*revision).into(),
        to_json(switch)?,
        actor_key(creator).into(),
        micros(*created_at),
        (*uses).into(),
        nonce.as_bytes().to_vec().into(),
        earlier_nonces.iter().flat_map(|nonce| *nonce.as_bytes()).collect::<Vec<_>>().into(),
        ended.as_ref().map(|(ending, _)| to_json(ending)).transpose()?.into(),
        ended.as_ref().map(|(_, at)| micros(*at)).into(),
    ])
}

pub(crate) fn request(columns: &mut Columns<'_, '_>) -> Result<JoinRequest, Failure> {
    let id = RequestId::from_uuid(columns.uuid()?);
    Ok(JoinRequest {
        id,
        way: columns.json()?,
        invitee: columns.invitee_option()?.unwrap_or(Invitee::Erased(id.as_uuid())),
        by: columns.user_id()?,
        email: columns.address_option()?,
        name: columns.value()?,
        grants: columns.json()?,
        message: columns.value()?,
        created_at: columns.time()?,
        expires_at: columns.time()?,
        ended: columns.ended::<RequestEnding>()?,
    })
}

pub(crate) fn request_values(
    organization: &OrganizationId,
    row: &JoinRequest,
) -> Result<Vec<Value>, Failure> {
    let (state, group) = (row.stored_state(), row.group());
    let JoinRequest { id, way, invitee, by, email, name, grants, message, created_at, expires_at, ended } =
        row;
    Ok(vec![
        text(organization.as_str()),
        blob(id.as_uuid()),
        to_json(way)?,
        Some(invitee.key()).filter(|_| !invitee.is_erased()).into(),
        text_option(invitee.address().map(EmailAddress::as_str)),
        text(by.as_str()),
        text_option(email.as_ref().map(EmailAddress::as_str)),
        text_option(email.as_ref().map(EmailAddress::canonical)),
        text_option(name.as_deref()),
        to_json(grants)?,
        text_option(group.map(GroupId::as_str)),
        text_option(message.as_deref()),
        micros(*created_at),
        micros(*expires_at),
        text(state.as_str()),
        ended.as_ref().map(|(ending, _)| to_json(ending)).transpose()?.into(),
        ended.as_ref().map(|(_, at)| micros(*at)).into(),
    ])
}

pub(crate) fn invitation(columns: &mut Columns<'_, '_>) -> Result<Invitation, Failure> {
    let id = InvitationId::from_uuid(columns.uuid()?);
    Ok(Invitation {
        id,
        kind: columns.json()?,
        invitee: columns.invitee_option()?.unwrap_or(Invitee::Erased(id.as_uuid())),
        name: columns.value()?,
        grants: columns.json()?,
        inviter: columns.actor()?,
        created_at: columns.time()?,
        expires_at: columns.parsed(|micros: i64| match micros {
            NEVER => Ok(Expiry::Never),
            micros => time(micros).map(Expiry::At),
        })?,
        ended: columns.ended::<Ending>()?,
        nonce: columns.nonce()?,
        earlier_nonces: columns.nonces()?,
        revision: columns.value()?,
        mail_to: columns.address_option()?,
        seat: columns.value::<Option<String>>()?.map(Into::into),
        message: columns.value()?,
        locale: columns.value()?,
        metadata: columns.json()?,
        continue_to: columns.value()?,
        starts_at: columns.time_option()?,
    })
}

pub(crate) fn invitation_values(
    organization: &OrganizationId,
    row: &Invitation,
) -> Result<Vec<Value>, Failure> {
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
        text(organization.as_str()),
        blob(id.as_uuid()),
        to_json(kind)?,
        Some(invitee.key()).filter(|_| !invitee.is_erased()).into(),
        text_option(invitee.address().map(EmailAddress::as_str)),
        text_option(name.as_deref()),
        to_json(grants)?,
        actor_key(inviter).into(),
        micros(*created_at),
        expires_at.time().map_or(Value::Integer(NEVER), micros),
        text(state.as_str()),
        ended.as_ref().map(|(ending, _)| to_json(ending)).transpose()?.into(),
        ended.as_ref().map(|(_, at)| micros(*at)).into(),
        nonce.as_bytes().to_vec().into(),
        earlier_nonces.iter().flat_map(|nonce| *nonce.as_bytes()).collect::<Vec<_>>().into(),
        (*revision).into(),
        text_option(mail_to.as_ref().map(EmailAddress::as_str)),
        text_option(seat.as_ref().map(|seat| seat.as_str())),
        text_option(message.as_deref()),
        text_option(locale.as_deref()),
        to_json(metadata)?,
        text_option(continue_to.as_deref()),
        starts_at.map(micros).into(),
        row.waits_until().time().map_or(Value::Integer(NEVER), micros),
    ])
}

/// The groups that an invitation grants something in: a row for each.
pub(crate) fn link_group_values(
    organization: &OrganizationId,
    row: &InviteLink,
) -> impl Iterator<Item = Vec<Value>> {
    let groups = row.settings.grants().scopes().filter_map(Scope::group);
    groups.map(|group| {
        vec![
            text(organization.as_str()),
            blob(row.id.as_uuid()),
            text(group.as_str()),
            micros(row.created_at),
        ]
    })
}

pub(crate) fn invitation_group_values(
    organization: &OrganizationId,
    row: &Invitation,
) -> impl Iterator<Item = Vec<Value>> {
    let groups = row.grants.scopes().filter_map(Scope::group);
    groups.map(|group| {
        vec![
            text(organization.as_str()),
            blob(row.id.as_uuid()),
            text(group.as_str()),
            text(row.stored_state().as_str()),
            micros(row.created_at),
        ]
    })
}

pub(crate) fn place_values(organization: &OrganizationId, row: &Place) -> Vec<Value> {
    let Place { scope, invitee, invitation } = row;
    let mut values = place_key(organization, scope, invitee);
    values.push(blob(invitation.as_uuid()));
    values
}

pub(crate) fn place_key(organization: &OrganizationId, scope: &Scope, invitee: &Invitee) -> Vec<Value> {
    let scope = match scope {
        Scope::Organization => "organization".to_owned(),
        Scope::Group(group) => format!("group:{group}"),
    };
    vec![text(organization.as_str()), invitee.key().into(), scope.into()]
}

pub(crate) fn suppression(columns: &mut Columns<'_, '_>) -> Result<Suppression, Failure> {
    Ok(Suppression { invitee: columns.invitee()?, kind: columns.word()?, at: columns.time()? })
}

pub(crate) fn suppression_values(organization: &OrganizationId, row: &Suppression) -> Vec<Value> {
    let Suppression { invitee, kind, at } = row;
    vec![
        text(organization.as_str()),
        invitee.key().into(),
        text(kind.as_str()),
        text_option(invitee.address().map(EmailAddress::as_str)),
        micros(*at),
    ]
}

pub(crate) fn command(key: &CommandKey, columns: &mut Columns<'_, '_>) -> Result<CommandRecord, Failure> {
    Ok(CommandRecord {
        key: key.clone(),
        fingerprint: columns.parsed(|bytes: Vec<u8>| <[u8; 32]>::try_from(bytes.as_slice()))?,
        outcome: columns.value()?,
        expires_at: columns.time()?,
    })
}

pub(crate) fn command_values(organization: &OrganizationId, row: &CommandRecord) -> Vec<Value> {
    let CommandRecord { key, fingerprint, outcome, expires_at } = row;
    let mut values = command_key(organization, key);
    values.extend([fingerprint.to_vec().into(), text(outcome), micros(*expires_at)]);
    values
}

pub(crate) fn command_key(organization: &OrganizationId, key: &CommandKey) -> Vec<Value> {
    let CommandKey { actor, operation, key } = key;
    vec![text(organization.as_str()), actor_key(actor).into(), text(operation), text(key)]
}

pub(crate) fn event(columns: &mut Columns<'_, '_>) -> Result<EventEntry, Failure> {
    Ok(EventEntry {
        sequence: columns.parsed(|count: i64| u64::try_from(count))?,
        commit: CommitId::from_uuid(columns.uuid()?),
        at: columns.time()?,
        actor: columns.actor()?,
        kind: columns.value()?,
        format: columns.value()?,
        invitation: columns
            .parsed_option(|bytes: Vec<u8>| Uuid::from_slice(&bytes))?
            .map(InvitationId::from_uuid),
        user: columns.parsed_option(|text: String| UserId::parse(text))?,
        group: columns.parsed_option(|text: String| GroupId::parse(text))?,
        link: columns.parsed_option(|bytes: Vec<u8>| Uuid::from_slice(&bytes))?.map(LinkId::from_uuid),
        request: columns.parsed_option(|bytes: Vec<u8>| Uuid::from_slice(&bytes))?.map(RequestId::from_uuid),
        data: columns.value()?,
    })
}

pub(crate) fn event_values(organization: &OrganizationId, row: &EventRecord) -> Result<Vec<Value>, Failure> {
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
        text(organization.as_str()),
        integer(*sequence)?,
        blob(commit.as_uuid()),
        micros(*at),
        actor_key(actor).into(),
        text(kind),
        (*format).into(),
        invitation.map(|id| blob(id.as_uuid())).into(),
        text_option(user.as_ref().map(UserId::as_str)),
        text_option(group.as_ref().map(GroupId::as_str)),
        link.map(|id| blob(id.as_uuid())).into(),
        request.map(|id| blob(id.as_uuid())).into(),
        serde_json::to_string(data).map_err(Failure::other)?.into(),
    ])
}

pub(crate) fn delivery(columns: &mut Columns<'_, '_>) -> Result<Delivery, Failure> {
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
        leased_until: columns.time_option()?,
        mailed_at: columns.time_option()?,
        attempts: columns.json()?,
    })
}

pub(crate) fn delivery_values(row: &Delivery) -> Result<Vec<Value>, Failure> {
    let Delivery {
        organization,
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
        text(organization.as_str()),
        blob(id.as_uuid()),
        blob(invitation.as_uuid()),
        (*revision).into(),
        text(kind.as_str()),
        text(state.as_str()),
        micros(*due_at),
        micros(*created_at),
        (*lease).into(),
        leased_until.map(micros).into(),
        mailed_at.map(micros).into(),
        to_json(attempts)?,
    ])
}
