with names as (
    select unnest((select $2::text[])) as name
    union
    select 'address:' || email_canonical from invite.members where organization = $1 and user_id = any((select $4::text[])::text[])
    union
    select invitee from invite.invitations where organization = $1 and id = any((select $5::uuid[])::uuid[])
    union
    select invitee from invite.requests where organization = $1 and id = any((select $6::uuid[])::uuid[])
    union
    select 'address:' || email_canonical from invite.requests where organization = $1 and id = any((select $6::uuid[])::uuid[])
    union
    select 'address:' || m.email_canonical
    from invite.requests as r
    join invite.members as m on m.organization = $1 and m.user_id = substr(r.invitee, 6)
    where r.organization = $1 and r.id = any((select $6::uuid[])::uuid[]) and r.invitee like 'user:%'
)
