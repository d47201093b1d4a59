insert into invite.deliveries
    (organization, id, invitation, revision, kind, state, due_at, created_at, lease, leased_until, mailed_at,
    attempts)
values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
