update invite_deliveries
set state = 'dropped', leased_until = null
where organization = ?1 and id = ?2
