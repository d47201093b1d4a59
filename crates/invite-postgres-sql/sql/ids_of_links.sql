with ids as (
    select unnest((select $2::uuid[])) as id
    union
    select r.link
    from unnest((select $3::uuid[])) as k (id)
    cross join lateral (
        select link from invite.requests where organization = $1 and id = k.id and link is not null limit 1
    ) as r
)
