with header as (
    update invite.organizations
    set pending = pending + 1, version = version + 1, last_at = now()
    where id = $1
    returning id, version
), invitation as (
    insert into invite.invitations
        (organization, id, kind, invitee, address, name, grants, inviter, created_at, expires_at, state, ending,
        ended_at, nonce, earlier_nonces, revision, mail_to, seat, message, locale, metadata, continue_to,
        starts_at, waits_until)
    select
        id, lpad(to_hex($2::bigint), 32, '0')::uuid, '"access"', 'a:by.hand.' || $2 || '@example.com',
        'by.hand.' || $2 || '@example.com', null,
        '[{"scope":"organization","access":{"role":"member"}}]', 'u:ada', now(), now() + interval '7 days',
        'pending', null, null, decode(md5($2::text), 'hex'), '', 0, 'by.hand.' || $2 || '@example.com', 'team',
        null, null, '{}', null, null, now() + interval '7 days'
    from header
), place as (
    insert into invite.places (organization, invitee, scope, invitation)
    select id, 'a:by.hand.' || $2 || '@example.com', 'o', lpad(to_hex($2::bigint), 32, '0')::uuid
    from header
), event as (
    insert into invite.events
        (organization, sequence, commit_id, at, actor, kind, format, invitation, user_id, group_id, link, request,
        data)
    select
        id, version, gen_random_uuid(), now(), 'u:ada', 'invitation-created', 1,
        lpad(to_hex($2::bigint), 32, '0')::uuid, null, null, null, null,
        '{"after":{"expires_at":{"at":"2026-11-29T21:20:43.889379Z"},"grants":[{"access":{"role":"member"},"scope":"organization"}],"invitee":"b…@example.com","inviter":{"user":"ada"},"mailed":true,"revision":0,"seat":"team","state":"pending"}}'
    from header
)
insert into invite.deliveries
    (organization, id, invitation, revision, kind, state, due_at, created_at, lease, leased_until, mailed_at,
    attempts)
select
    id, gen_random_uuid(), lpad(to_hex($2::bigint), 32, '0')::uuid, 0, 'invitation', 'queued', now(), now(), 0,
    null, null, '[]'
from header
