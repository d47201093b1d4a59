insert into invite.links
    (organization, id, settings, revision, switch, creator, created_at, uses, nonce, earlier_nonces, ending,
    ended_at)
values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
