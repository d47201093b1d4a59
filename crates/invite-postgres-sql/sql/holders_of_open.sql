select h.organization
from unnest($1::text[]) as k (name)
cross join lateral (
    select distinct organization from invite.places
    where invitee = k.name and organization > $2
    order by organization
    limit $3
) as h
