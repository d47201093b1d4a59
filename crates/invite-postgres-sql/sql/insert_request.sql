insert into invite.requests
    (organization, id, way, link, invitee, address, by_user, email, email_canonical, name, grants, group_id,
    message, created_at, expires_at, state, ending, ended_at)
values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
