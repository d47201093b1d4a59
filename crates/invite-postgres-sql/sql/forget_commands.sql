-- The keys go through arrays, as Postgres takes those to be short: of so many rows as it thinks that a limit brings, it would
-- look for each in the whole table at once.
with past as (
    select array_agg(organization) as organizations, array_agg(actor) as actors,
        array_agg(operation) as operations, array_agg(key) as keys
    from (
        select organization, actor, operation, key from invite.commands
        where expires_at <= $1
        order by expires_at
        limit $2
        for update skip locked
    ) as c
), gone as (
    delete from invite.commands as c
    using past as p, unnest(p.organizations, p.actors, p.operations, p.keys) as n (organization, actor, operation, key)
    where c.organization = n.organization and c.actor = n.actor and c.operation = n.operation and c.key = n.key
    returning 1
)
select count(*) from gone
