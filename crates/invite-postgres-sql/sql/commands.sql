select c.actor, c.operation, c.key, c.fingerprint, c.outcome, c.expires_at
from unnest((select $2::text[]), $3::text[], $4::text[]) as k (actor, operation, key)
join invite.commands as c
    on c.organization = $1 and c.actor = k.actor and c.operation = k.operation and c.key = k.key
