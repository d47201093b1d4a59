insert into invite.organizations
    (id, status, plan, settings, members, owners, pending, groups, links, requests, seats, closing,
    suspended_by, verified, version, created_at, last_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
