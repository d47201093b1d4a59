-- The time is what `Organization::due_access` of the core says.
where organization = ?1 and ends_at <= ?2
order by ends_at, user
limit ?3
