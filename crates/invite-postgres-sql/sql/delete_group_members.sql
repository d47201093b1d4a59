with changed as (
    delete from invite.group_members as t
    using unnest((select $2::text[]), $3::text[]) as n (group_id, user_id)
    where t.organization = $1 and t.group_id = n.group_id and t.user_id = n.user_id
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
