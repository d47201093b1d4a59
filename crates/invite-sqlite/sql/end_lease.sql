update invite_deliveries
set state = ?3, due_at = coalesce(?4, due_at), mailed_at = ?5, attempts = ?6, leased_until = null
where organization = ?1 and id = ?2
