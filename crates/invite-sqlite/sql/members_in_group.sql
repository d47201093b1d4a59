join invite_group_members as g on g.organization = m.organization and g.user = m.user
where g.organization = ?1 and g.group_id = ?5 and (g.joined_at, g.user) > (?2, ?3)
    and (?6 is null or +m.link = ?6) and (?7 is null or +m.seat = ?7)
    and (?8 is null or +m.status = ?8)
order by g.joined_at, g.user
limit ?4
