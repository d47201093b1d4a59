insert into invite.invitations
    (organization, id, kind, invitee, address, name, grants, inviter, created_at, expires_at, state, ending,
    ended_at, nonce, earlier_nonces, revision, mail_to, seat, message, locale, metadata, continue_to,
    starts_at, waits_until)
values
    ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
    $24)
