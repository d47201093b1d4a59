insert into invite.groups
    (organization, id, status, name, settings, creator, created_at)
values
    ($1, $2, $3, $4, $5, $6, $7)
