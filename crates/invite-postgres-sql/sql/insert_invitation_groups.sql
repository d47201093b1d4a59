insert into invite.invitation_groups
    (organization, invitation, group_id, state, created_at)
select $1, n.*
from unnest(
    $2::uuid[], $3::text[], $4::text[], $5::timestamptz[]
) as n (
    invitation, group_id, state, created_at
)
