join invite.group_members as g on g.organization = m.organization and g.user_id = m.user_id
where g.organization = $1 and g.group_id = $2
order by g.user_id
limit (select $3::bigint)
