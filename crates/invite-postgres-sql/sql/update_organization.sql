with changed as (
    update invite.organizations
    set status = $2, plan = $3, settings = $4, members = $5, owners = $6, pending = $7, groups = $8, links =
    $9, requests = $10, seats = $11, closing = $12, suspended_by = $13, verified = $14, version = $15,
    created_at = $16, last_at = $17
    where id = $1 and version = $18
    returning 1
)
select 1 / count(*) from changed
