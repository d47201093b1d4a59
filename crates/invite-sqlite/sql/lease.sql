update invite_deliveries
set lease = lease + 1, leased_until = ?4, mailed_at = coalesce(mailed_at, ?3)
where organization = ?1 and id = ?2
