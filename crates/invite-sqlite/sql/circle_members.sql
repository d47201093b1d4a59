select user from invite_members
where organization = ?1 and status = 'active' and joined_at <= ?2
order by joined_at desc, user desc
limit ?3
