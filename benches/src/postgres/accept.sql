with header as (
    update invite.organizations
    set pending = pending - 1, members = members + 1, version = version + 2, last_at = now()
    where id = $1
    returning id, version
), invitation as (
    update invite.invitations
    set state = 'accepted', ended_at = now(), ending = '{"how":"accepted","user":"by-hand"}'
    from header
    where organization = header.id and invitations.id = lpad(to_hex($2::bigint), 32, '0')::uuid and state = 'pending'
    returning header.id, header.version
), place as (
    delete from invite.places using invitation
    where organization = invitation.id and invitee = 'a:by.hand.' || $2 || '@example.com' and scope = 'o'
), event as (
    insert into invite.events
        (organization, sequence, commit_id, at, actor, kind, format, invitation, user_id, group_id, link, request,
        data)
    select
        id, version - 1 + n, gen_random_uuid(), now(), 'u:by-hand',
        case n when 0 then 'invitation-accepted' else 'member-joined' end, 1,
        case n when 0 then lpad(to_hex($2::bigint), 32, '0')::uuid end, 'by-hand-' || $2, null, null, null,
        case n
            when 0 then '{"after":{"ending":{"how":"accepted","user":"bob"},"expires_at":{"at":"2026-11-29T21:20:43.889379Z"},"grants":[{"access":{"role":"member"},"scope":"organization"}],"invitee":"b…@example.com","inviter":{"user":"ada"},"mailed":true,"revision":0,"seat":"team","state":"accepted"},"before":{"expires_at":{"at":"2026-11-29T21:20:43.889379Z"},"grants":[{"access":{"role":"member"},"scope":"organization"}],"invitee":"b…@example.com","inviter":{"user":"ada"},"mailed":true,"revision":0,"seat":"team","state":"pending"}}'::json
            else '{"after":{"email":"b…@example.com","grants":[{"access":{"role":"member"},"scope":"organization"}],"seat":"team"}}'
        end
    from invitation, generate_series(0, 1) as n
)
insert into invite.members
    (organization, user_id, status, email, email_canonical, role, grants, seat, joined_by, link, joined_at,
    metadata, ends_at)
select
    id, 'by-hand-' || $2, 'active', 'by.hand.' || $2 || '@example.com', 'by.hand.' || $2 || '@example.com', 'member',
    '[{"scope":"organization","access":{"role":"member"}}]', 'team',
    '{"accepting":"01a20521-ff71-7000-a54c-d62c9324c792"}', null, now(), '{}', null
from invitation
