where organization = ?1 and by_user = ?8 and +state = ?5 and (created_at, id) < (?2, ?3)
    and +expires_at > ?6 and +expires_at <= ?7
order by created_at desc, id desc
limit ?4
