left join lateral (
    select * from invite.deliveries
    where organization = $1 and invitation = i.id
    order by created_at desc, id desc
    limit 1
) as d on true
