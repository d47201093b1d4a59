select i.*, d.*
from invite.invitations as i
left join lateral (
    select d.*
    from invite.deliveries as d
    where d.organization = i.organization and d.invitation = i.id
    order by d.created_at desc, d.id desc
    limit 1
) as d on true
where i.organization = $1 and i.state = 'pending'
order by i.created_at desc, i.id desc
limit 50
