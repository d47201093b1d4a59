select m.user_id from invite.members as m
where m.organization = $1 and m.status = 'active' and m.joined_at <= $2
order by m.joined_at desc, m.user_id desc
limit $3
