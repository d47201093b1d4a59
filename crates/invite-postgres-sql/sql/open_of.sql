from names as n
left join lateral (
    select * from invite.invitations
    where organization = $1
        and id in (select invitation from invite.places where organization = $1 and invitee = n.name)
    limit (select $3::bigint)
) as i on true
where n.name is not null
