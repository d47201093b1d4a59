where r.organization = $1 and r.group_id = $2 and r.state = 'pending'
order by r.created_at, r.id
limit (select $3::bigint)
