with changed as (
    update invite.links as t
    set settings = n.settings, revision = n.revision, switch = n.switch, creator = n.creator, created_at =
    n.created_at, uses = n.uses, nonce = n.nonce, earlier_nonces = n.earlier_nonces, ending = n.ending,
    ended_at = n.ended_at
    from unnest(
        (select $2::uuid[]), $3::json[], $4::bigint[], $5::json[], $6::text[], $7::timestamptz[], $8::bigint[],
        $9::bytea[], $10::bytea[], $11::json[], $12::timestamptz[]
    ) as n (
        id, settings, revision, switch, creator, created_at, uses, nonce, earlier_nonces, ending, ended_at
    )
    where t.organization = $1 and t.id = n.id
    returning 1
), gone as (
    delete from invite.link_groups as t
    using unnest((select $2::uuid[])) as n (link)
    where t.organization = $1 and t.link = n.link
    returning 1
)
select 1 / (count(*) = cardinality($2))::int + 0 * (select count(*) from gone) from changed
