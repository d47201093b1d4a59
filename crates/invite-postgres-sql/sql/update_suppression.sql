with changed as (
    update invite.suppressions
    set address = $4, at = $5
    where organization = $1 and invitee = $2 and kind = $3
    returning 1
)
select 1 / count(*) from changed
