select distinct organization from invite_requests
where by_user = ?1 and organization > ?2
order by organization
limit ?3
