select g.user from invite_group_members g
cross join invite_members m on m.organization = g.organization and m.user = g.user
where g.organization = ?1 and g.group_id = ?2 and m.status = 'active'
    and not exists (
        select 1 from invite_groups o
        where o.organization = g.organization and o.id = g.group_id and o.status = 'closed'
    )
order by g.joined_at desc, g.user desc
limit ?3
