where organization = ?1 and state = 'pending' and expires_at <= ?2
order by expires_at, id
limit ?3
