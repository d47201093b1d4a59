where organization = ?1 and name = ?5 and (created_at, id) > (?2, ?3)
    and (?6 is null or +status = ?6)
order by created_at, id
limit ?4
