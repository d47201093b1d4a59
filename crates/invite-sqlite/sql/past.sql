where invitee = ?2 and organization = ?1 and ended_at is not null
order by id
limit ?3
