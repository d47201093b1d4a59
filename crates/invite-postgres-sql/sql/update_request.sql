with changed as (
    update invite.requests
    set way = $3, link = $4, invitee = $5, address = $6, by_user = $7, email = $8, email_canonical = $9, name
    = $10, grants = $11, group_id = $12, message = $13, created_at = $14, expires_at = $15, state = $16,
    ending = $17, ended_at = $18
    where organization = $1 and id = $2
    returning 1
)
select 1 / count(*) from changed
