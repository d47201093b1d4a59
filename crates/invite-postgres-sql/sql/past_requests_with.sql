from unnest((select $2::text[])) as k (name)
cross join lateral (
    select * from invite.requests
    where email_canonical = substr(k.name, 9) and organization = $1
    order by id
    limit (select $3::bigint)
) as r
