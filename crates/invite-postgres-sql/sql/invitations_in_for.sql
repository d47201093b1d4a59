join invite.invitation_groups as g on g.organization = i.organization and g.invitation = i.id
where g.organization = $1 and g.group_id = $6 and g.state = $5 and (g.created_at, g.invitation) < ($2, $3)
    and ($7::text is null or i.inviter = $7)
order by g.created_at desc, g.invitation desc
limit $4
