with changed as (
    delete from invite.members where organization = $1 and user_id = any($2)
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
