-- What is due, as `Outbox::lease` of the contract has it. The keys go through arrays, as in forget_commands.sql.
with free as (
    select organization, id, due_at from invite.deliveries
    where state = 'queued' and leased_until is null and due_at <= $1
    order by due_at, organization, id
    limit $3
    for update skip locked
), over as (
    select organization, id, due_at from invite.deliveries
    where state = 'queued' and leased_until <= $1 and due_at <= $1
    order by due_at, organization, id
    limit $3
    for update skip locked
), chosen as (
    select array_agg(organization) as organizations, array_agg(id) as ids
    from (
        select * from free
        union all
        select * from over
        order by due_at, organization, id
        limit $3
    ) as both_of_them
), d as (
    update invite.deliveries as d
    set lease = d.lease + 1, leased_until = $2, mailed_at = coalesce(d.mailed_at, $1)
    from chosen as c, unnest(c.organizations, c.ids) as n (organization, id)
    where d.organization = n.organization and d.id = n.id
    returning d.*
)
