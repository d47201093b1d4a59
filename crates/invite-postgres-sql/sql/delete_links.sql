with changed as (
    delete from invite.links where organization = $1 and id = any($2)
    returning 1
), gone as (
    delete from invite.link_groups where organization = $1 and link = any($2)
)
select 1 / (count(*) = cardinality($2))::int from changed
