-- Times are microseconds since 1970. Parts that are JSON carry a format number. An invitation that does not
-- end by itself has the largest integer in expires_at. Keys and texts compare byte by byte.

create table invite_organizations (
    id text not null primary key,
    status text not null,
    plan text not null,
    settings text not null,
    members integer not null,
    owners integer not null,
    pending integer not null,
    groups integer not null,
    links integer not null,
    requests integer not null,
    seats text not null,
    closing text not null,
    suspended_by text,
    verified text not null,
    version integer not null,
    created_at integer not null,
    last_at integer not null
) strict;

-- Rows lie in the order in which members came, which is that of their lists.
create table invite_members (
    organization text not null,
    user text not null,
    status text not null,
    email text,
    email_canonical text,
    role text,
    grants text not null,
    seat text,
    joined_by text not null,
    link blob,
    joined_at integer not null,
    metadata text not null,
    ends_at integer,
    primary key (organization, user)
) strict;

create index invite_members_email on invite_members (email_canonical, organization, joined_at, user);
create index invite_members_joined on invite_members (organization, joined_at, user);
create index invite_members_role on invite_members (organization, role, joined_at, user);
create index invite_members_user on invite_members (user, joined_at, organization);
create index invite_members_link on invite_members (organization, link, joined_at, user) where link is not null;
create index invite_members_seat on invite_members (organization, seat, joined_at, user) where seat is not null;
create index invite_members_ends on invite_members (organization, ends_at, user) where ends_at is not null;
create index invite_members_status on invite_members (organization, status, joined_at, user);

create table invite_group_members (
    organization text not null,
    group_id text not null,
    user text not null,
    role text not null,
    joined_at integer not null,
    primary key (organization, group_id, user)
) strict, without rowid;

create index invite_group_members_joined on invite_group_members (organization, group_id, joined_at, user);
create index invite_group_members_role on invite_group_members (organization, group_id, role, joined_at, user);

create table invite_groups (
    organization text not null,
    id text not null,
    status text not null,
    name text not null,
    settings text not null,
    creator text not null,
    created_at integer not null,
    primary key (organization, id)
) strict;

create index invite_groups_created on invite_groups (organization, created_at, id);
create index invite_groups_status on invite_groups (organization, status, created_at, id);
create index invite_groups_name on invite_groups (organization, name, created_at, id, status);

create table invite_links (
    organization text not null,
    id blob not null,
    settings text not null,
    revision integer not null,
    switch text not null,
    creator text not null,
    created_at integer not null,
    uses integer not null,
    nonce blob not null,
    earlier_nonces blob not null,
    ending text,
    ended_at integer,
    primary key (organization, id)
) strict;

create index invite_links_created on invite_links (organization, created_at, id);
create index invite_links_creator on invite_links (organization, creator, created_at, id, ended_at);
create index invite_links_kept on invite_links (organization, created_at, id) where ended_at is null;

-- The groups that an invite link grants something in, so that it is found by them.
create table invite_link_groups (
    organization text not null,
    link blob not null,
    group_id text not null,
    created_at integer not null,
    primary key (organization, link, group_id)
) strict, without rowid;

create index invite_link_groups_created on invite_link_groups (organization, group_id, created_at, link);

-- The group is the one in which all lies that a request would grant, if there is one. Who would join is null once it is
-- erased.
create table invite_requests (
    organization text not null,
    id blob not null,
    way text not null,
    invitee text,
    address text,
    by_user text not null,
    email text,
    email_canonical text,
    name text,
    grants text not null,
    group_id text,
    message text,
    created_at integer not null,
    expires_at integer not null,
    state text not null,
    ending text,
    ended_at integer,
    primary key (organization, id)
) strict;

create index invite_requests_created on invite_requests (organization, created_at, id);
create index invite_requests_state on invite_requests (organization, state, created_at, id, expires_at);
create index invite_requests_by on invite_requests (organization, by_user, created_at, id, state);
create index invite_requests_group on invite_requests (organization, group_id, created_at, id)
    where group_id is not null;
create index invite_requests_group_state
    on invite_requests (organization, group_id, state, created_at, id, expires_at) where group_id is not null;
create index invite_requests_invitee on invite_requests (organization, invitee, created_at, id)
    where state = 'pending';
create index invite_requests_expiry on invite_requests (organization, expires_at, id, created_at) where state = 'pending';
create index invite_requests_user on invite_requests (by_user, created_at, id);
create index invite_requests_maker on invite_requests (by_user, organization);
create index invite_requests_telling on invite_requests (invitee, organization, id) where invitee is not null;
create index invite_requests_email on invite_requests (email_canonical, organization, id)
    where email_canonical is not null;
create index invite_requests_ended on invite_requests (organization, ended_at, id)
    where ended_at is not null and invitee is not null;

-- Who was invited is null once it is erased. It can be accepted until waits_until: its expiry, or the end of what it grants.
create table invite_invitations (
    organization text not null,
    id blob not null,
    kind text not null,
    invitee text,
    address text,
    name text,
    grants text not null,
    inviter text not null,
    created_at integer not null,
    expires_at integer not null,
    state text not null,
    ending text,
    ended_at integer,
    nonce blob not null,
    earlier_nonces blob not null,
    revision integer not null,
    mail_to text,
    seat text,
    message text,
    locale text,
    metadata text not null,
    continue_to text,
    starts_at integer,
    waits_until integer not null,
    primary key (organization, id)
) strict;

-- The last columns let a filter be checked before the row is looked up.
create index invite_invitations_created on invite_invitations (organization, created_at, id);
create index invite_invitations_inviter on invite_invitations (organization, inviter, created_at, id, state);
create index invite_invitations_state on invite_invitations (organization, state, created_at, id, expires_at);
create index invite_invitations_expiry on invite_invitations (organization, state, expires_at, id, created_at);

create index invite_invitations_sent on invite_invitations (organization, inviter, created_at, id)
    where state = 'pending';
create index invite_invitations_waiting on invite_invitations (invitee, created_at, id) where state = 'pending';
create index invite_invitations_past on invite_invitations (invitee, organization, id)
    where ended_at is not null and invitee is not null;
create index invite_invitations_ended on invite_invitations (organization, ended_at, id)
    where ended_at is not null and invitee is not null;

-- The groups that an invitation grants something in, so that it is found by them.
create table invite_invitation_groups (
    organization text not null,
    invitation blob not null,
    group_id text not null,
    state text not null,
    created_at integer not null,
    primary key (organization, invitation, group_id)
) strict, without rowid;

create index invite_invitation_groups_created
    on invite_invitation_groups (organization, group_id, created_at, invitation);
create index invite_invitation_groups_state
    on invite_invitation_groups (organization, group_id, state, created_at, invitation);

create table invite_places (
    organization text not null,
    invitee text not null,
    scope text not null,
    invitation blob not null,
    primary key (organization, invitee, scope)
) strict, without rowid;

create index invite_places_invitee on invite_places (invitee, organization, invitation);

create table invite_suppressions (
    organization text not null,
    invitee text not null,
    kind text not null,
    address text,
    at integer not null,
    primary key (organization, invitee, kind)
) strict, without rowid;

create index invite_suppressions_invitee on invite_suppressions (invitee, at);

-- Blocks of all organizations lie outside of each.
create table invite_blocks (
    invitee text not null primary key,
    address text,
    at integer not null
) strict, without rowid;

create table invite_former (
    organization text not null,
    user text not null,
    left_at integer not null,
    grants text not null,
    primary key (organization, user)
) strict, without rowid;

create index invite_former_left on invite_former (organization, left_at, user);
create index invite_former_user on invite_former (user, left_at, organization);

create table invite_limits (
    organization text not null,
    subject text not null,
    kept integer not null,
    primary key (organization, subject)
) strict, without rowid;

create table invite_commands (
    organization text not null,
    actor text not null,
    operation text not null,
    key text not null,
    fingerprint blob not null,
    outcome text not null,
    expires_at integer not null,
    primary key (organization, actor, operation, key)
) strict;

create index invite_commands_expiry on invite_commands (expires_at);

create table invite_events (
    organization text not null,
    sequence integer not null,
    commit_id blob not null,
    at integer not null,
    actor text not null,
    kind text not null,
    format integer not null,
    invitation blob,
    user text,
    group_id text,
    link blob,
    request blob,
    data text not null,
    primary key (organization, sequence)
) strict;

create index invite_events_commit on invite_events (organization, commit_id);
create index invite_events_invitation on invite_events (organization, invitation) where invitation is not null;
create index invite_events_request on invite_events (organization, request) where request is not null;
create index invite_events_user on invite_events (user, organization) where invitation is null and user is not null;

create table invite_deliveries (
    organization text not null,
    id blob not null,
    invitation blob not null,
    revision integer not null,
    kind text not null,
    state text not null,
    due_at integer not null,
    created_at integer not null,
    lease integer not null,
    leased_until integer,
    mailed_at integer,
    attempts text not null,
    primary key (organization, id)
) strict;

create index invite_deliveries_due on invite_deliveries (state, leased_until, due_at, organization, id);
create index invite_deliveries_invitation on invite_deliveries (organization, invitation, created_at, id);
