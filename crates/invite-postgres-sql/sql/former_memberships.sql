select organization, user_id, left_at, grants from invite.former
where user_id = $1
order by left_at desc, organization desc
limit $2
