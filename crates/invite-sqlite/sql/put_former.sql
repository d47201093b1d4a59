insert into invite_former (organization, user, left_at)
values (?1, ?2, ?3)
on conflict (organization, user) do update set left_at = excluded.left_at
