where invitee = ?2 and organization = ?1
order by id
limit ?3
