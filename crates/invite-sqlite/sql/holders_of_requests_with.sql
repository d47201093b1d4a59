select distinct organization from invite_requests
where email_canonical = ?1 and organization > ?2
order by organization
limit ?3
