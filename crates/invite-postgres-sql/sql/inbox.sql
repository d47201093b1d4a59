-- Open at a moment, as `Invitation::waits_at` of the core has it.
from unnest($1::text[]) as k (name)
cross join lateral (
    select w.*, o.settings from invite.invitations as w
    join invite.organizations as o on o.id = w.organization
    where w.invitee = k.name and w.state = 'pending' and (w.created_at, w.id) < ($3, $4)
        and w.waits_until > $2 and (w.starts_at is null or w.starts_at <= $2)
        and o.status = 'active'
    order by w.created_at desc, w.id desc
    limit $5
) as i
