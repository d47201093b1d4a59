with past as (
    select organization, actor, operation, key from invite.commands
    where expires_at <= $1
    order by expires_at
    limit $2
    for update skip locked
), gone as (
    delete from invite.commands as c using past as p
    where c.organization = p.organization and c.actor = p.actor and c.operation = p.operation and c.key = p.key
    returning 1
)
select count(*) from gone
