select user from invite_group_members
where organization = ?1 and group_id = ?2
order by joined_at desc, user desc
limit ?3
