where organization = ?1 and state = ?5 and (created_at, id) < (?2, ?3)
    and +expires_at > ?6 and +expires_at <= ?7 -- the sign keeps the index in the order of the list
order by created_at desc, id desc
limit ?4
