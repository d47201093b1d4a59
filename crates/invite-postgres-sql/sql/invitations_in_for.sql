join invite.invitation_groups as g on g.organization = i.organization and g.invitation = i.id
where g.organization = $1 and g.group_id = $8 and g.state = $5 and (g.created_at, g.invitation) < ($2, $3)
    and (i.expires_at > $6) is true and (i.expires_at <= $7) is true and ($9::text is null or i.inviter = $9)
order by g.created_at desc, g.invitation desc
limit $4
