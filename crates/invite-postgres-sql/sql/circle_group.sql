select g.user_id
from invite.group_members as g
join invite.members as m on m.organization = g.organization and m.user_id = g.user_id
where g.organization = $1 and g.group_id = $2 and m.status = 'active'
    and not exists (
        select 1 from invite.groups as o
        where o.organization = $1 and o.id = $2 and o.status = 'closed'
    )
order by g.joined_at desc, g.user_id desc
limit $3
