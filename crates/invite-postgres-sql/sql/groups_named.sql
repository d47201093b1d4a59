where g.organization = $1 and g.name = $5 and (g.created_at, g.id) > ($2, $3)
    and ($6::text is null or g.status = $6)
order by g.created_at, g.id
limit $4
