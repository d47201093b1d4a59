where organization = ?1 and seat = ?5 and (joined_at, user) > (?2, ?3)
    and (?6 is null or +status = ?6)
order by joined_at, user
limit ?4
