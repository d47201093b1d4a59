where m.organization = $1 and (m.joined_at, m.user_id) < ($2, $3)
order by m.joined_at desc, m.user_id desc
limit $4
