with changed as (
    update invite.links
    set settings = $3, revision = $4, switch = $5, creator = $6, created_at = $7, uses = $8, nonce = $9,
    earlier_nonces = $10, ending = $11, ended_at = $12
    where organization = $1 and id = $2
    returning 1
), gone as (
    delete from invite.link_groups where organization = $1 and link = $2
    returning 1
)
select 1 / count(*) + 0 * (select count(*) from gone) from changed
