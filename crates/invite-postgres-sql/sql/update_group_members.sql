with changed as (
    update invite.group_members as t
    set role = n.role, joined_at = n.joined_at
    from unnest(
        (select $2::text[]), $3::text[], $4::text[], $5::timestamptz[]
    ) as n (
        group_id, user_id, role, joined_at
    )
    where t.organization = $1 and t.group_id = n.group_id and t.user_id = n.user_id
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
