select max(mailed_at)
from invite_deliveries
where organization = ?1 and invitation = ?2 and revision = ?3
