select f.user_id from invite.former as f
where f.organization = $1 and f.left_at >= $2
    and not exists (
        select 1 from invite.members as m
        where m.organization = $1 and m.user_id = f.user_id and m.status <> 'active'
    )
order by f.left_at desc, f.user_id desc
limit $3
