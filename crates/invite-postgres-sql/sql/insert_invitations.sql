insert into invite.invitations
    (organization, id, kind, invitee, address, name, grants, inviter, created_at, expires_at, state, ending,
    ended_at, nonce, earlier_nonces, revision, mail_to, seat, message, locale, metadata, continue_to,
    starts_at, waits_until)
select $1, n.*
from unnest(
    $2::uuid[], $3::json[], $4::text[], $5::text[], $6::text[], $7::json[], $8::text[], $9::timestamptz[],
    $10::timestamptz[], $11::text[], $12::json[], $13::timestamptz[], $14::bytea[], $15::bytea[],
    $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[], $21::json[], $22::text[],
    $23::timestamptz[], $24::timestamptz[]
) as n (
    id, kind, invitee, address, name, grants, inviter, created_at, expires_at, state, ending, ended_at, nonce,
    earlier_nonces, revision, mail_to, seat, message, locale, metadata, continue_to, starts_at, waits_until
)
