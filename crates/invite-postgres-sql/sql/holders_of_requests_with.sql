select h.organization
from unnest($1::text[]) as k (name)
cross join lateral (
    select distinct organization from invite.requests
    where email_canonical = k.name and organization > $2 and email_canonical is not null
    order by organization
    limit $3
) as h
