insert into invite_commands (organization, actor, operation, key, fingerprint, outcome, expires_at)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
on conflict (organization, actor, operation, key) do update
set fingerprint = excluded.fingerprint, outcome = excluded.outcome, expires_at = excluded.expires_at
