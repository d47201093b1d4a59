-- Past its expiry as `Expiry::is_over` of the core has it, at a time of its `Organization::due_invitations`.
where organization = ?1 and state = 'pending' and expires_at <= ?2
order by expires_at, id
limit ?3
