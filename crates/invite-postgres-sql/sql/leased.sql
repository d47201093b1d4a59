from d
left join invite.invitations as i on i.organization = d.organization and i.id = d.invitation
left join invite.organizations as o on o.id = d.organization
order by d.due_at, d.organization, d.id
