where organization = ?1
    and id in (select invitation from invite_places where organization = ?1 and invitee = ?2)
order by +created_at, +id -- the signs keep the places in charge of the search
limit ?3
