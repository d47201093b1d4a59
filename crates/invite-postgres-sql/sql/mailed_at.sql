    (
        select max(d.mailed_at) from invite.deliveries as d
        where d.organization = $1 and d.invitation = i.id and d.revision = i.revision
    )
from unnest((select $2::uuid[])) as k (id)
left join invite.invitations as i on i.organization = $1 and i.id = k.id
