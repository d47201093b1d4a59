insert into invite_former (organization, user, left_at, grants)
values (?1, ?2, ?3, ?4)
on conflict (organization, user) do update set left_at = excluded.left_at, grants = excluded.grants
