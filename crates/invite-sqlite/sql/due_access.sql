where organization = ?1 and ends_at <= ?2
order by ends_at, user
limit ?3
