insert into invite.links
    (organization, id, settings, revision, switch, creator, created_at, uses, nonce, earlier_nonces, ending,
    ended_at)
select $1, n.*
from unnest(
    $2::uuid[], $3::json[], $4::bigint[], $5::json[], $6::text[], $7::timestamptz[], $8::bigint[],
    $9::bytea[], $10::bytea[], $11::json[], $12::timestamptz[]
) as n (
    id, settings, revision, switch, creator, created_at, uses, nonce, earlier_nonces, ending, ended_at
)
