where organization = ?1 and group_id = ?5 and (created_at, id) < (?2, ?3)
    and (?6 is null or +by_user = ?6)
order by created_at desc, id desc
limit ?4
