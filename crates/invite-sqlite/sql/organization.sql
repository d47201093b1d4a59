select id, status, plan, settings, members, owners, pending, seats, version, created_at, last_at
from invite_organizations
where id = ?1
