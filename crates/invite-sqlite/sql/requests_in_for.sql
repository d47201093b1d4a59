where organization = ?1 and group_id = ?6 and state = ?5 and (created_at, id) < (?2, ?3)
    and (?7 is null or +by_user = ?7)
order by created_at desc, id desc
limit ?4
