where organization = ?1 and inviter = ?2
    and +state = 'pending' -- the sign keeps the inviter in charge of the search
order by created_at, id
limit ?3
