from users as u
left join invite.members as m on m.organization = $1 and m.user_id = u.id
union all
select n.name,
