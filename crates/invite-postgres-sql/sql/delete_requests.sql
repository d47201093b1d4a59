with changed as (
    delete from invite.requests as t
    using unnest((select $2::uuid[])) as n (id)
    where t.organization = $1 and t.id = n.id
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
