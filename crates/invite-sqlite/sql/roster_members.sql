where organization = ?1 and (joined_at, user) < (?2, ?3)
order by joined_at desc, user desc
limit ?4
