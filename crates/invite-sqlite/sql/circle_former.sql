select user from invite_former
where organization = ?1 and left_at >= ?2
order by left_at desc, user desc
limit ?3
