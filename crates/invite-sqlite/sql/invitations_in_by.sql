where organization = ?1 and inviter = ?6 and +state = ?5 and (created_at, id) < (?2, ?3)
order by created_at desc, id desc
limit ?4
