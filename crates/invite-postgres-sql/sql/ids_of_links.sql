with ids as (
    select unnest($2::uuid[]) as id
    union
    select link from invite.requests where organization = $1 and id = any($3) and link is not null
)
