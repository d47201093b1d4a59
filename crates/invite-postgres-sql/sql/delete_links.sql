with changed as (
    delete from invite.links as t
    using unnest((select $2::uuid[])) as n (id)
    where t.organization = $1 and t.id = n.id
    returning 1
), gone as (
    delete from invite.link_groups as t
    using unnest((select $2::uuid[])) as n (link)
    where t.organization = $1 and t.link = n.link
    returning 1
)
select 1 / (count(*) = cardinality($2))::int + 0 * (select count(*) from gone) from changed
