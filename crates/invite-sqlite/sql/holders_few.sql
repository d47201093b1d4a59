and organization > ?2
order by organization
limit ?3
