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
    select * from free
    union all
    select * from over
    order by due_at, organization, id
    limit $3
), d as (
    update invite.deliveries as d
    set lease = d.lease + 1, leased_until = $2, mailed_at = coalesce(d.mailed_at, $1)
    from chosen as c
    where d.organization = c.organization and d.id = c.id
    returning d.*
)
