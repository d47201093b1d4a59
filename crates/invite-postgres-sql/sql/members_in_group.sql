join invite.group_members as g on g.organization = m.organization and g.user_id = m.user_id
where g.organization = $1 and g.group_id = $5 and (g.joined_at, g.user_id) > ($2, $3)
    and ($6::uuid is null or m.link = $6) and ($7::text is null or m.seat = $7)
    and ($8::text is null or m.status = $8)
order by g.joined_at, g.user_id
limit $4
