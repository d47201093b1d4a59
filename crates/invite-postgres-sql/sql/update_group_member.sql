with changed as (
    update invite.group_members
    set role = $4, joined_at = $5
    where organization = $1 and group_id = $2 and user_id = $3
    returning 1
)
select 1 / count(*) from changed
