select organization, user, left_at, grants from invite_former
where user = ?1
order by left_at desc, organization desc
limit ?2
