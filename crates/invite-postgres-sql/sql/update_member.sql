with changed as (
    update invite.members
    set status = $3, email = $4, email_canonical = $5, role = $6, grants = $7, seat = $8, joined_by = $9, link
    = $10, joined_at = $11, metadata = $12, ends_at = $13
    where organization = $1 and user_id = $2
    returning 1
)
select 1 / count(*) from changed
