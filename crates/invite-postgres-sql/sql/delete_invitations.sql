with changed as (
    delete from invite.invitations as t
    using unnest((select $2::uuid[])) as n (id)
    where t.organization = $1 and t.id = n.id
    returning 1
), gone as (
    delete from invite.invitation_groups as t
    using unnest((select $2::uuid[])) as n (invitation)
    where t.organization = $1 and t.invitation = n.invitation
    returning 1
)
select 1 / (count(*) = cardinality($2))::int + 0 * (select count(*) from gone) from changed
