    union
    select group_id from invite.invitation_groups where organization = $1 and invitation = any((select $5::uuid[])::uuid[])
    union
    select group_id from invite.requests where organization = $1 and id = any((select $6::uuid[])::uuid[]) and group_id is not null
    union
    select group_id from invite.link_groups
    where organization = $1
        and link in (
            select unnest((select $7::uuid[]))
            union
            select link from invite.requests where organization = $1 and id = any((select $6::uuid[])::uuid[])
        )
