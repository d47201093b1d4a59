insert into invite.events
    (organization, sequence, commit_id, at, actor, kind, format, invitation, user_id, group_id, link, request,
    data)
select $1, n.*
from unnest(
    $2::bigint[], $3::uuid[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[], $8::uuid[], $9::text[],
    $10::text[], $11::uuid[], $12::uuid[], $13::json[]
) as n (
    sequence, commit_id, at, actor, kind, format, invitation, user_id, group_id, link, request, data
)
