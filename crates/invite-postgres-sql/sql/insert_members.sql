insert into invite.members
    (organization, user_id, status, email, email_canonical, role, grants, seat, joined_by, link, joined_at,
    metadata, ends_at)
select $1, n.*
from unnest(
    $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::json[], $8::text[], $9::json[],
    $10::uuid[], $11::timestamptz[], $12::json[], $13::timestamptz[]
) as n (
    user_id, status, email, email_canonical, role, grants, seat, joined_by, link, joined_at, metadata, ends_at
)
