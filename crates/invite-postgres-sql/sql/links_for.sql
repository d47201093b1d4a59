join invite.link_groups as g on g.organization = l.organization and g.link = l.id
where g.organization = $1 and g.group_id = $5 and (g.created_at, g.link) < ($2, $3)
    and ($6::text is null or l.creator = $6) and ($7 or l.ended_at is null)
order by g.created_at desc, g.link desc
limit $4
