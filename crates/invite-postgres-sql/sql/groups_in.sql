where g.organization = $1 and g.status = $5 and (g.created_at, g.id) > ($2, $3)
order by g.created_at, g.id
limit $4
