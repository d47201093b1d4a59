with offers as (
    select i.invitee, i.inviter
    from unnest((select $5::uuid[])) as k (id)
    cross join lateral (
        select invitee, inviter from invite.invitations where organization = $1 and id = k.id limit 1
    ) as i
), asking as (
    select r.invitee, r.email_canonical, r.by_user, r.link, r.group_id
    from unnest((select $6::uuid[])) as k (id)
    cross join lateral (
        select invitee, email_canonical, by_user, link, group_id
        from invite.requests where organization = $1 and id = k.id limit 1
    ) as r
), names as (
    select unnest((select $2::text[])) as name
    union
    select 'address:' || m.email_canonical
    from unnest((select $4::text[])) as k (id)
    cross join lateral (
        select email_canonical from invite.members where organization = $1 and user_id = k.id limit 1
    ) as m
    union
    select invitee from offers
    union
    select invitee from asking
    union
    select 'address:' || email_canonical from asking
    union
    select 'address:' || m.email_canonical
    from asking as r
    cross join lateral (
        select email_canonical from invite.members
        where organization = $1 and user_id = substr(r.invitee, 6)
        limit 1
    ) as m
    where r.invitee like 'user:%'
)
