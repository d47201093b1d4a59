with changed as (
    delete from invite.members as t
    using unnest((select $2::text[])) as n (user_id)
    where t.organization = $1 and t.user_id = n.user_id
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
