insert into invite.limits (organization, subject, kept)
select $1, n.*
from unnest($2::text[], $3::timestamptz[])
    as n (subject, kept)
on conflict (organization, subject) do update
set kept = excluded.kept
