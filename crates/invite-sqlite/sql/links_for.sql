join invite_link_groups as g on g.organization = i.organization and g.link = i.id
where g.organization = ?1 and g.group_id = ?5 and (g.created_at, g.link) < (?2, ?3)
    and (?6 is null or +i.creator = ?6) and (?7 or +i.ended_at is null)
order by g.created_at desc, g.link desc
limit ?4
