where organization = ?1 and group_id = ?8 and state = ?5 and (created_at, id) < (?2, ?3)
    and +expires_at > ?6 and +expires_at <= ?7 and (?9 is null or +by_user = ?9)
order by created_at desc, id desc
limit ?4
