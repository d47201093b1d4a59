insert into invite.groups
    (organization, id, status, name, settings, creator, created_at)
select $1, n.*
from unnest(
    $2::text[], $3::text[], $4::text[], $5::json[], $6::text[], $7::timestamptz[]
) as n (
    id, status, name, settings, creator, created_at
)
