    union
    select g.group_id
    from unnest((select $5::uuid[])) as k (id)
    cross join lateral (
        select group_id from invite.invitation_groups where organization = $1 and invitation = k.id offset 0
    ) as g
    union
    select group_id from asking where group_id is not null
    union
    select g.group_id
    from (select unnest((select $7::uuid[])) as id union select link from asking) as k
    cross join lateral (
        select group_id from invite.link_groups where organization = $1 and link = k.id offset 0
    ) as g
