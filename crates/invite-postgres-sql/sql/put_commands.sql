insert into invite.commands (organization, actor, operation, key, fingerprint, outcome, expires_at)
select $1, n.*
from unnest($2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::timestamptz[])
    as n (actor, operation, key, fingerprint, outcome, expires_at)
on conflict (organization, actor, operation, key) do update
set fingerprint = excluded.fingerprint, outcome = excluded.outcome, expires_at = excluded.expires_at
