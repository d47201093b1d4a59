where m.organization = $1 and m.status = $5 and (m.joined_at, m.user_id) > ($2, $3)
order by m.joined_at, m.user_id
limit $4
