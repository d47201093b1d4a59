select h.organization
from unnest($1::text[]) as k (name)
cross join lateral (
    select distinct organization from invite.events
    where user_id = k.name and organization > $2 and invitation is null and user_id is not null
    order by organization
    limit $3
) as h
