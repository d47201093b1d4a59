    (
        select max(d.mailed_at) from invite.deliveries as d
        where d.organization = $1 and d.invitation = i.id and d.revision = i.revision
    )
from unnest((select $2::uuid[])) as k (id)
left join lateral (
    select * from invite.invitations where organization = $1 and id = k.id limit 1
) as i on true
