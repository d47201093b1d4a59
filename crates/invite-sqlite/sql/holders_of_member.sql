select distinct organization from invite_members
where user = ?1 and organization > ?2
order by organization
limit ?3
