-- Times are bounded to the years 1970 to 9999; 'infinity' in expires_at is an invitation that does not end by itself. Parts
-- that are JSON carry a format number and are kept as they were written. Keys compare byte by byte, whatever the database's
-- own collation: on an engine that knows no other order than that of bytes, leave the collations out.
--
-- Organization first in every key. On Citus all tables are distributed by organization and lie together, with
-- invite.organizations by its id; invite.blocks is a reference table.

create table invite.organizations (
    id text collate "C" not null primary key,
    status text collate "C" not null,
    plan json not null,
    settings json not null,
    members bigint not null,
    owners bigint not null,
    pending bigint not null,
    groups bigint not null,
    links bigint not null,
    requests bigint not null,
    seats json not null,
    closing json not null,
    suspended_by json,
    verified json not null,
    version bigint not null,
    created_at timestamptz not null,
    last_at timestamptz not null
);

create table invite.members (
    organization text collate "C" not null,
    user_id text collate "C" not null,
    status text collate "C" not null,
    email text collate "C",
    email_canonical text collate "C",
    role text collate "C",
    grants json not null,
    seat text collate "C",
    joined_by json not null,
    link uuid,
    joined_at timestamptz not null,
    metadata json not null,
    ends_at timestamptz,
    primary key (organization, user_id)
);

create index members_email on invite.members (email_canonical, organization, joined_at, user_id);
create index members_joined on invite.members (organization, joined_at, user_id);
create index members_role on invite.members (organization, role, joined_at, user_id);
create index members_user on invite.members (user_id, joined_at, organization);
create index members_holder on invite.members (user_id, organization);
create index members_link on invite.members (organization, link, joined_at, user_id) where link is not null;
create index members_seat on invite.members (organization, seat, joined_at, user_id) where seat is not null;
create index members_ends on invite.members (organization, ends_at, user_id) where ends_at is not null;
create index members_status on invite.members (organization, status, joined_at, user_id);

create table invite.group_members (
    organization text collate "C" not null,
    group_id text collate "C" not null,
    user_id text collate "C" not null,
    role text collate "C" not null,
    joined_at timestamptz not null,
    primary key (organization, group_id, user_id)
);

create index group_members_joined on invite.group_members (organization, group_id, joined_at, user_id);
create index group_members_role on invite.group_members (organization, group_id, role, joined_at, user_id);

create table invite.groups (
    organization text collate "C" not null,
    id text collate "C" not null,
    status text collate "C" not null,
    name text collate "C" not null,
    settings json not null,
    creator text collate "C" not null,
    created_at timestamptz not null,
    primary key (organization, id)
);

create index groups_created on invite.groups (organization, created_at, id);
create index groups_status on invite.groups (organization, status, created_at, id);
create index groups_name on invite.groups (organization, name, created_at, id);

create table invite.links (
    organization text collate "C" not null,
    id uuid not null,
    settings json not null,
    revision bigint not null,
    switch json not null,
    creator text collate "C" not null,
    created_at timestamptz not null,
    uses bigint not null,
    nonce bytea not null,
    earlier_nonces bytea not null,
    ending json,
    ended_at timestamptz,
    primary key (organization, id)
);

create index links_created on invite.links (organization, created_at, id);
create index links_creator on invite.links (organization, creator, created_at, id);
create index links_kept on invite.links (organization, created_at, id) where ended_at is null;

-- The groups that an invite link grants something in, so that it is found by them.
create table invite.link_groups (
    organization text collate "C" not null,
    link uuid not null,
    group_id text collate "C" not null,
    created_at timestamptz not null,
    primary key (organization, link, group_id)
);

create index link_groups_created on invite.link_groups (organization, group_id, created_at, link);

-- The group is the one in which all lies that a request would grant, if there is one; the link is the one it came by. Who
-- would join is null once it is erased.
create table invite.requests (
    organization text collate "C" not null,
    id uuid not null,
    way json not null,
    link uuid,
    invitee text collate "C",
    address text collate "C",
    by_user text collate "C" not null,
    email text collate "C",
    email_canonical text collate "C",
    name text collate "C",
    grants json not null,
    group_id text collate "C",
    message text collate "C",
    created_at timestamptz not null,
    expires_at timestamptz not null,
    state text collate "C" not null,
    ending json,
    ended_at timestamptz,
    primary key (organization, id)
);

create index requests_created on invite.requests (organization, created_at, id);
create index requests_state on invite.requests (organization, state, created_at, id);
create index requests_by on invite.requests (organization, by_user, created_at, id);
create index requests_group on invite.requests (organization, group_id, created_at, id) where group_id is not null;
create index requests_group_state on invite.requests (organization, group_id, state, created_at, id)
    where group_id is not null;
create index requests_invitee on invite.requests (organization, invitee, created_at, id) where state = 'pending';
create index requests_expiry on invite.requests (organization, expires_at, id, created_at) where state = 'pending';
create index requests_user on invite.requests (by_user, created_at, id);
create index requests_maker on invite.requests (by_user, organization);
create index requests_telling on invite.requests (invitee, organization, id) where invitee is not null;
create index requests_email on invite.requests (email_canonical, organization, id) where email_canonical is not null;
create index requests_ended on invite.requests (organization, ended_at, id)
    where ended_at is not null and invitee is not null;

-- Who was invited is null once it is erased. It can be accepted until waits_until: its expiry, or the end of what it grants.
create table invite.invitations (
    organization text collate "C" not null,
    id uuid not null,
    kind json not null,
    invitee text collate "C",
    address text collate "C",
    name text collate "C",
    grants json not null,
    inviter text collate "C" not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    state text collate "C" not null,
    ending json,
    ended_at timestamptz,
    nonce bytea not null,
    earlier_nonces bytea not null,
    revision bigint not null,
    mail_to text collate "C",
    seat text collate "C",
    message text collate "C",
    locale text collate "C",
    metadata json not null,
    continue_to text collate "C",
    starts_at timestamptz,
    waits_until timestamptz not null,
    primary key (organization, id)
);

create index invitations_created on invite.invitations (organization, created_at, id);
create index invitations_inviter on invite.invitations (organization, inviter, created_at, id);
create index invitations_state on invite.invitations (organization, state, created_at, id);
create index invitations_expiry on invite.invitations (organization, expires_at, id, created_at) where state = 'pending';
create index invitations_sent on invite.invitations (organization, inviter, created_at, id) where state = 'pending';
create index invitations_waiting on invite.invitations (invitee, created_at, id) where state = 'pending';
create index invitations_past on invite.invitations (invitee, organization, id)
    where ended_at is not null and invitee is not null;
create index invitations_ended on invite.invitations (organization, ended_at, id)
    where ended_at is not null and invitee is not null;

-- The groups that an invitation grants something in, so that it is found by them.
create table invite.invitation_groups (
    organization text collate "C" not null,
    invitation uuid not null,
    group_id text collate "C" not null,
    state text collate "C" not null,
    created_at timestamptz not null,
    primary key (organization, invitation, group_id)
);

create index invitation_groups_created on invite.invitation_groups (organization, group_id, created_at, invitation);
create index invitation_groups_state on invite.invitation_groups (organization, group_id, state, created_at, invitation);

create table invite.places (
    organization text collate "C" not null,
    invitee text collate "C" not null,
    scope text collate "C" not null,
    invitation uuid not null,
    primary key (organization, invitee, scope)
);

create index places_invitee on invite.places (invitee, organization);

create table invite.suppressions (
    organization text collate "C" not null,
    invitee text collate "C" not null,
    kind text collate "C" not null,
    address text collate "C",
    at timestamptz not null,
    primary key (organization, invitee, kind)
);

create index suppressions_invitee on invite.suppressions (invitee, at);
create index suppressions_holder on invite.suppressions (invitee, organization);

-- Blocks of all organizations lie outside of each.
create table invite.blocks (
    invitee text collate "C" not null primary key,
    address text collate "C",
    at timestamptz not null
);

create table invite.former (
    organization text collate "C" not null,
    user_id text collate "C" not null,
    left_at timestamptz not null,
    grants json not null,
    primary key (organization, user_id)
);

create index former_left on invite.former (organization, left_at, user_id);
create index former_user on invite.former (user_id, left_at, organization);

create table invite.limits (
    organization text collate "C" not null,
    subject text collate "C" not null,
    kept timestamptz not null,
    primary key (organization, subject)
);

create table invite.commands (
    organization text collate "C" not null,
    actor text collate "C" not null,
    operation text collate "C" not null,
    key text collate "C" not null,
    fingerprint bytea not null,
    outcome text collate "C" not null,
    expires_at timestamptz not null,
    primary key (organization, actor, operation, key)
);

create index commands_expiry on invite.commands (expires_at);

create table invite.events (
    organization text collate "C" not null,
    sequence bigint not null,
    commit_id uuid not null,
    at timestamptz not null,
    actor text collate "C" not null,
    kind text collate "C" not null,
    format bigint not null,
    invitation uuid,
    user_id text collate "C",
    group_id text collate "C",
    link uuid,
    request uuid,
    data json not null,
    primary key (organization, sequence)
);

create index events_commit on invite.events (organization, commit_id);
create index events_invitation on invite.events (organization, invitation) where invitation is not null;
create index events_request on invite.events (organization, request) where request is not null;
create index events_user on invite.events (user_id, organization) where invitation is null and user_id is not null;

create table invite.deliveries (
    organization text collate "C" not null,
    id uuid not null,
    invitation uuid not null,
    revision bigint not null,
    kind text collate "C" not null,
    state text collate "C" not null,
    due_at timestamptz not null,
    created_at timestamptz not null,
    lease bigint not null,
    leased_until timestamptz,
    mailed_at timestamptz,
    attempts json not null,
    primary key (organization, id)
);

-- What is queued is found by when it is due, or by when its lease is over. What was sent is in neither.
create index deliveries_due on invite.deliveries (due_at, organization, id)
    where state = 'queued' and leased_until is null;
create index deliveries_leased on invite.deliveries (leased_until) where state = 'queued' and leased_until is not null;
create index deliveries_invitation on invite.deliveries (organization, invitation, created_at, id);
