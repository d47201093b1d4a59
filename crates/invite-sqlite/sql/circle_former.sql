select f.user from invite_former f
where f.organization = ?1 and f.left_at >= ?2
    and not exists (
        select 1 from invite_members m
        where m.organization = f.organization and m.user = f.user and m.status <> 'active'
    )
order by f.left_at desc, f.user desc
limit ?3
