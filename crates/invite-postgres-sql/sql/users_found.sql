    union
    select substr(inviter, 6) from invite.invitations
    where organization = $1 and id = any((select $5::uuid[])::uuid[]) and inviter like 'user:%'
    union
    select by_user from invite.requests where organization = $1 and id = any((select $6::uuid[])::uuid[])
    union
    select substr(creator, 6) from invite.links
    where organization = $1 and creator like 'user:%'
        and id in (
            select unnest((select $7::uuid[]))
            union
            select link from invite.requests where organization = $1 and id = any((select $6::uuid[])::uuid[])
        )
