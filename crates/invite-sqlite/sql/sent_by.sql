where organization = ?1 and inviter = ?2 and state = 'pending'
order by created_at, id
limit ?3
