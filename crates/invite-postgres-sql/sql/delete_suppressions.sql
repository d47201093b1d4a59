with changed as (
    delete from invite.suppressions as t
    using unnest((select $2::text[]), $3::text[]) as n (invitee, kind)
    where t.organization = $1 and t.invitee = n.invitee and t.kind = n.kind
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
