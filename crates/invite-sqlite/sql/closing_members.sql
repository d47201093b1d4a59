join invite_group_members as g on g.organization = m.organization and g.user = m.user
where g.organization = ?1 and g.group_id = ?2
order by g.user
limit ?3
