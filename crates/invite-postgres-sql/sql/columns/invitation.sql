i.id, i.kind, i.invitee, i.address, i.name, i.grants, i.inviter, i.created_at, i.expires_at, i.ending,
    i.ended_at, i.nonce, i.earlier_nonces, i.revision, i.mail_to, i.seat, i.message, i.locale, i.metadata,
    i.continue_to, i.starts_at
