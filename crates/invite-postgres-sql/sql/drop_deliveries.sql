-- Locked in the order of their keys, so that of two callers one waits for the other. Whoever leases waits for nobody.
with locked as (
    select d.organization, d.id
    from unnest($1::text[], $2::uuid[]) as n (organization, id)
    join invite.deliveries as d on d.organization = n.organization and d.id = n.id
    order by d.organization, d.id
    for update of d
)
update invite.deliveries as d
set state = 'dropped', leased_until = null
from locked as l
where d.organization = l.organization and d.id = l.id
