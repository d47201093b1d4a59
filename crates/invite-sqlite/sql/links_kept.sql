where organization = ?1 and ended_at is null and (created_at, id) < (?2, ?3)
order by created_at desc, id desc
limit ?4
