insert into invite.events
    (organization, sequence, commit_id, at, actor, kind, format, invitation, user_id, group_id, link, request,
    data)
values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
