with changed as (
    update invite.groups as t
    set status = n.status, name = n.name, settings = n.settings, creator = n.creator, created_at =
    n.created_at
    from unnest(
        (select $2::text[]), $3::text[], $4::text[], $5::json[], $6::text[], $7::timestamptz[]
    ) as n (
        id, status, name, settings, creator, created_at
    )
    where t.organization = $1 and t.id = n.id
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
