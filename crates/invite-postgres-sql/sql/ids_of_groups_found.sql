    union
    select group_id from invite.invitation_groups where organization = $1 and invitation = any($5)
    union
    select group_id from invite.requests where organization = $1 and id = any($6) and group_id is not null
    union
    select group_id from invite.link_groups
    where organization = $1
        and link in (
            select unnest($7::uuid[])
            union
            select link from invite.requests where organization = $1 and id = any($6)
        )
