l.id, l.settings, l.revision, l.switch, l.creator, l.created_at, l.uses, l.nonce, l.earlier_nonces, l.ending,
    l.ended_at
