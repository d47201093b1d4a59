where organization = ?1 and status = ?5 and (created_at, id) > (?2, ?3)
order by created_at, id
limit ?4
