where user = ?1 and (joined_at, organization) > (?2, ?3)
order by joined_at, organization
limit ?4
