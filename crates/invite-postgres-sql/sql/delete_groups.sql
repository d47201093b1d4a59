with changed as (
    delete from invite.groups where organization = $1 and id = any($2)
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
