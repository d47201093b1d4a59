select n.organization, n.name, s.invitee, s.address, s.kind, s.at
from unnest($1::text[], $2::text[]) as n (organization, name)
cross join lateral (
    select invitee, address, kind, at from invite.suppressions
    where organization = n.organization and invitee = n.name
    union all
    select invitee, address, 'everywhere', at from invite.blocks where invitee = n.name
) as s
