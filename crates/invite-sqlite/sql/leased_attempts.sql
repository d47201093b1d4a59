select attempts
from invite_deliveries
where organization = ?1 and id = ?2 and lease = ?3 and leased_until is not null
