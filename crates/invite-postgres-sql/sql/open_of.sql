from names as n
left join lateral (
    select i.*
    from (
        select distinct invitation from invite.places where organization = $1 and invitee = n.name
    ) as p
    cross join lateral (
        select * from invite.invitations where organization = $1 and id = p.invitation limit 1
    ) as i
    limit (select $3::bigint)
) as i on true
where n.name is not null
