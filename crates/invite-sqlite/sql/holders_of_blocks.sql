select distinct organization from invite_suppressions
where invitee = ?1 and organization > ?2
order by organization
limit ?3
