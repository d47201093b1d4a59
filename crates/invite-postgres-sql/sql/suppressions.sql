select n.name, s.invitee, s.address, s.kind, s.at
from names as n
left join lateral (
    (select invitee, address, kind, at from invite.suppressions
    where organization = $1 and invitee = n.name
    limit (select $3::bigint))
    union all
    select invitee, address, 'everywhere', at from invite.blocks where invitee = n.name
) as s on true
where n.name is not null
