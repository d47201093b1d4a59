with changed as (
    delete from invite.places as t
    using unnest((select $2::text[]), $3::text[]) as n (invitee, scope)
    where t.organization = $1 and t.invitee = n.invitee and t.scope = n.scope
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
