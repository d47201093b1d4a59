from names as n
left join lateral (
    select * from invite.members
    where organization = $1 and email_canonical = substr(n.name, 9)
    order by joined_at, user_id
    limit 1
) as m on true
where n.name like 'address:%'
