update invite.deliveries as d
set state = 'dropped', leased_until = null
from unnest($1::text[], $2::uuid[]) as n (organization, id)
where d.organization = n.organization and d.id = n.id
