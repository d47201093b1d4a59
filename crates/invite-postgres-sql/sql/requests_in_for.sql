where r.organization = $1 and r.group_id = $6 and r.state = $5 and (r.created_at, r.id) < ($2, $3)
    and ($7::text is null or r.by_user = $7)
order by r.created_at desc, r.id desc
limit $4
