with header as (
    update invite.organizations
    set pending = pending + $3, version = version + $3, last_at = now()
    where id = $1
    returning id, version - $3 as version
), new as (
    select
        header.id as organization, version + 1 + n - $2 as sequence, lpad(to_hex(n), 32, '0')::uuid as invitation,
        'by.hand.' || n || '@example.com' as address
    from header, generate_series($2::bigint, $2 + $3 - 1) as n
), invitation as (
    insert into invite.invitations
        (organization, id, kind, invitee, address, name, grants, inviter, created_at, expires_at, state, ending,
        ended_at, nonce, earlier_nonces, revision, mail_to, seat, message, locale, metadata, continue_to,
        starts_at, waits_until)
    select
        organization, invitation, '"access"', 'a:' || address, address, null,
        '[{"scope":"organization","access":{"role":"member"}}]', 'u:ada', now(), now() + interval '7 days',
        'pending', null, null, decode(md5(address), 'hex'), '', 0, address, 'team', null, null, '{}', null, null,
        now() + interval '7 days'
    from new
), place as (
    insert into invite.places (organization, invitee, scope, invitation)
    select organization, 'a:' || address, 'o', invitation
    from new
), event as (
    insert into invite.events
        (organization, sequence, commit_id, at, actor, kind, format, invitation, user_id, group_id, link, request,
        data)
    select
        organization, sequence, '00000000-0000-0000-0000-000000000001', now(), 'u:ada', 'invitation-created', 1,
        invitation, null, null, null, null,
        '{"after":{"expires_at":{"at":"2026-11-29T21:20:43.889379Z"},"grants":[{"access":{"role":"member"},"scope":"organization"}],"invitee":"b…@example.com","inviter":{"user":"ada"},"mailed":true,"revision":0,"seat":"team","state":"pending"}}'
    from new
)
insert into invite.deliveries
    (organization, id, invitation, revision, kind, state, due_at, created_at, lease, leased_until, mailed_at,
    attempts)
select organization, gen_random_uuid(), invitation, 0, 'invitation', 'queued', now(), now(), 0, null, null, '[]'
from new
