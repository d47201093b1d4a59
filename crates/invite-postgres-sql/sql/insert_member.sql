insert into invite.members
    (organization, user_id, status, email, email_canonical, role, grants, seat, joined_by, link, joined_at,
    metadata, ends_at)
values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
