-- The time is what `Organization::erased_until` of the core says.
where organization = ?1 and ended_at <= ?2 and invitee is not null
order by ended_at, id
limit ?3
