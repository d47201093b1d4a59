where i.organization = $1 and i.state = $5 and (i.created_at, i.id) < ($2, $3)
order by i.created_at desc, i.id desc
limit $4
