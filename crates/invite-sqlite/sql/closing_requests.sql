where organization = ?1 and group_id = ?2 and state = 'pending'
order by created_at, id
limit ?3
