with names as (
    select unnest($2::text[]) as name
    union
    select 'address:' || email_canonical from invite.members where organization = $1 and user_id = any($4)
    union
    select invitee from invite.invitations where organization = $1 and id = any($5)
    union
    select invitee from invite.requests where organization = $1 and id = any($6)
    union
    select 'address:' || email_canonical from invite.requests where organization = $1 and id = any($6)
    union
    select 'address:' || m.email_canonical
    from invite.requests as r
    join invite.members as m on m.organization = $1 and m.user_id = substr(r.invitee, 6)
    where r.organization = $1 and r.id = any($6) and r.invitee like 'user:%'
)
