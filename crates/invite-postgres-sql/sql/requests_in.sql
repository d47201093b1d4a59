where r.organization = $1 and r.state = $5 and (r.created_at, r.id) < ($2, $3)
order by r.created_at desc, r.id desc
limit $4
