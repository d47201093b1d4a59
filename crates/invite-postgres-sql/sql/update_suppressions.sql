with changed as (
    update invite.suppressions as t
    set address = n.address, at = n.at
    from unnest(
        (select $2::text[]), $3::text[], $4::text[], $5::timestamptz[]
    ) as n (
        invitee, kind, address, at
    )
    where t.organization = $1 and t.invitee = n.invitee and t.kind = n.kind
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
