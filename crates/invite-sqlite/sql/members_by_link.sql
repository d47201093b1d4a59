where organization = ?1 and link = ?5 and (joined_at, user) > (?2, ?3)
    and (?6 is null or +role = ?6) and (?7 is null or +seat = ?7)
    and (?8 is null or +status = ?8)
order by joined_at, user
limit ?4
