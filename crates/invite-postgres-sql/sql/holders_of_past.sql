select h.organization
from unnest($1::text[]) as k (name)
cross join lateral (
    select distinct organization from invite.invitations
    where invitee = k.name and organization > $2 and ended_at is not null and invitee is not null
    order by organization
    limit $3
) as h
