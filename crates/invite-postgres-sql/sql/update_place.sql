with changed as (
    update invite.places
    set invitation = $4
    where organization = $1 and invitee = $2 and scope = $3
    returning 1
)
select 1 / count(*) from changed
