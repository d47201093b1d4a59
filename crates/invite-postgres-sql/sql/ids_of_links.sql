with ids as (
    select unnest((select $2::uuid[])) as id
    union
    select link from invite.requests where organization = $1 and id = any((select $3::uuid[])::uuid[]) and link is not null
)
