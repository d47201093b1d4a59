select s.invitee, s.address, s.kind, s.at, s.organization, o.settings
from unnest($1::text[]) as k (name)
cross join lateral (
    select * from invite.suppressions
    where invitee = k.name
    order by at desc
    limit $2
) as s
left join invite.organizations as o on o.id = s.organization
