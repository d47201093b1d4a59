with changed as (
    update invite.invitations as t
    set kind = n.kind, invitee = n.invitee, address = n.address, name = n.name, grants = n.grants, inviter =
    n.inviter, created_at = n.created_at, expires_at = n.expires_at, state = n.state, ending = n.ending,
    ended_at = n.ended_at, nonce = n.nonce, earlier_nonces = n.earlier_nonces, revision = n.revision, mail_to
    = n.mail_to, seat = n.seat, message = n.message, locale = n.locale, metadata = n.metadata, continue_to =
    n.continue_to, starts_at = n.starts_at, waits_until = n.waits_until
    from unnest(
        (select $2::uuid[]), $3::json[], $4::text[], $5::text[], $6::text[], $7::json[], $8::text[], $9::timestamptz[],
        $10::timestamptz[], $11::text[], $12::json[], $13::timestamptz[], $14::bytea[], $15::bytea[],
        $16::bigint[], $17::text[], $18::text[], $19::text[], $20::text[], $21::json[], $22::text[],
        $23::timestamptz[], $24::timestamptz[]
    ) as n (
        id, kind, invitee, address, name, grants, inviter, created_at, expires_at, state, ending, ended_at, nonce,
        earlier_nonces, revision, mail_to, seat, message, locale, metadata, continue_to, starts_at, waits_until
    )
    where t.organization = $1 and t.id = n.id
    returning 1
), gone as (
    delete from invite.invitation_groups as t
    using unnest((select $2::uuid[])) as n (invitation)
    where t.organization = $1 and t.invitation = n.invitation
    returning 1
)
select 1 / (count(*) = cardinality($2))::int + 0 * (select count(*) from gone) from changed
