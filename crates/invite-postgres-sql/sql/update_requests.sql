with changed as (
    update invite.requests as t
    set way = n.way, link = n.link, invitee = n.invitee, address = n.address, by_user = n.by_user, email =
    n.email, email_canonical = n.email_canonical, name = n.name, grants = n.grants, group_id = n.group_id,
    message = n.message, created_at = n.created_at, expires_at = n.expires_at, state = n.state, ending =
    n.ending, ended_at = n.ended_at
    from unnest(
        (select $2::uuid[]), $3::json[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
        $10::text[], $11::json[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[], $16::text[],
        $17::json[], $18::timestamptz[]
    ) as n (
        id, way, link, invitee, address, by_user, email, email_canonical, name, grants, group_id, message,
        created_at, expires_at, state, ending, ended_at
    )
    where t.organization = $1 and t.id = n.id
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
