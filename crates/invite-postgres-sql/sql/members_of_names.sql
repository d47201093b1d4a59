from users as u
left join lateral (
    select * from invite.members where organization = $1 and user_id = u.id limit 1
) as m on true
union all
select n.name,
