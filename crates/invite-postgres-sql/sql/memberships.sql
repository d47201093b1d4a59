left join invite.organizations as o on o.id = m.organization
where m.user_id = $1 and (m.joined_at, m.organization) > ($2, $3)
order by m.joined_at, m.organization
limit $4
