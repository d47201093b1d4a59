with changed as (
    update invite.groups
    set status = $3, name = $4, settings = $5, creator = $6, created_at = $7
    where organization = $1 and id = $2
    returning 1
)
select 1 / count(*) from changed
