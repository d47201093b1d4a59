insert into invite.requests
    (organization, id, way, link, invitee, address, by_user, email, email_canonical, name, grants, group_id,
    message, created_at, expires_at, state, ending, ended_at)
select $1, n.*
from unnest(
    $2::uuid[], $3::json[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::json[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::text[],
    $17::json[], $18::timestamptz[]
) as n (
    id, way, link, invitee, address, by_user, email, email_canonical, name, grants, group_id, message,
    created_at, expires_at, state, ending, ended_at
)
