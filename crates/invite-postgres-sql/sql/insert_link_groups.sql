insert into invite.link_groups
    (organization, link, group_id, created_at)
select $1, n.*
from unnest(
    $2::uuid[], $3::text[], $4::timestamptz[]
) as n (
    link, group_id, created_at
)
