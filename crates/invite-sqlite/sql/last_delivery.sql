where organization = ?1 and invitation = ?2
order by created_at desc, id desc
limit 1
