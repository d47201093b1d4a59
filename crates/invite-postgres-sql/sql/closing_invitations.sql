join invite.invitation_groups as g on g.organization = i.organization and g.invitation = i.id
where g.organization = $1 and g.group_id = $2 and g.state = 'pending'
order by g.created_at, g.invitation
limit (select $3::bigint)
