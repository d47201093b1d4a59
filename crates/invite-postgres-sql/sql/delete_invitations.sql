with changed as (
    delete from invite.invitations where organization = $1 and id = any($2)
    returning 1
), gone as (
    delete from invite.invitation_groups where organization = $1 and invitation = any($2)
)
select 1 / (count(*) = cardinality($2))::int from changed
