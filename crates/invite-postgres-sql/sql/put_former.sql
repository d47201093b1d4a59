insert into invite.former (organization, user_id, left_at, grants)
select $1, n.*
from unnest($2::text[], $3::timestamptz[], $4::json[])
    as n (user_id, left_at, grants)
on conflict (organization, user_id) do update
set left_at = excluded.left_at, grants = excluded.grants
