where organization = ?1 and status = ?5 and (joined_at, user) > (?2, ?3)
order by joined_at, user
limit ?4
