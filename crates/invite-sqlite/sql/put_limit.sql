insert into invite_limits (organization, subject, kept)
values (?1, ?2, ?3)
on conflict (organization, subject) do update set kept = excluded.kept
