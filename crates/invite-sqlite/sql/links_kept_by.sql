where organization = ?1 and creator = ?5 and (created_at, id) < (?2, ?3)
    and +ended_at is null -- the sign keeps the creator in charge of the search
order by created_at desc, id desc
limit ?4
