insert into invite.group_members
    (organization, group_id, user_id, role, joined_at)
values
    ($1, $2, $3, $4, $5)
