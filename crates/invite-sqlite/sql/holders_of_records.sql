select distinct organization from invite_events
where user = ?1 and invitation is null and organization > ?2
order by organization
limit ?3
