select c.actor, c.operation, c.key, c.fingerprint, c.outcome, c.expires_at
from unnest((select $2::text[]), $3::text[], $4::text[]) as k (actor, operation, key)
cross join lateral (
    select * from invite.commands
    where organization = $1 and actor = k.actor and operation = k.operation and key = k.key
    limit 1
) as c
