where l.organization = $1 and (l.created_at, l.id) < ($2, $3)
order by l.created_at desc, l.id desc
limit $4
