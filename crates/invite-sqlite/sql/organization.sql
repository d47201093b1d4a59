select id, status, plan, settings, members, owners, pending, groups, links, requests, seats, closing,
    suspended_by, verified, version, created_at, last_at
from invite_organizations
where id = ?1
