insert into invite.group_members
    (organization, group_id, user_id, role, joined_at)
select $1, n.*
from unnest(
    $2::text[], $3::text[], $4::text[], $5::timestamptz[]
) as n (
    group_id, user_id, role, joined_at
)
