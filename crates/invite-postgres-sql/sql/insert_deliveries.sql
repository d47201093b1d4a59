insert into invite.deliveries
    (organization, id, invitation, revision, kind, state, due_at, created_at, lease, leased_until, mailed_at,
    attempts)
select $1, n.*
from unnest(
    $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
    $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::json[]
) as n (
    id, invitation, revision, kind, state, due_at, created_at, lease, leased_until, mailed_at, attempts
)
