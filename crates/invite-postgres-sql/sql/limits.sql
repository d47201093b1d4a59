select l.subject, l.kept
from unnest((select $2::text[])) as k (subject)
cross join lateral (
    select * from invite.limits where organization = $1 and subject = k.subject limit 1
) as l
