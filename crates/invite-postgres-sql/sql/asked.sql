from names as n
left join lateral (
    select * from invite.requests
    where organization = $1 and invitee = n.name and state = 'pending'
        and (select requests > 0 from invite.organizations where id = $1)
    limit (select $3::bigint)
) as r on true
where n.name is not null
