where organization = ?1 and role = ?5 and (joined_at, user) > (?2, ?3)
    and (?6 is null or +seat = ?6) and (?7 is null or +status = ?7)
order by joined_at, user
limit ?4
