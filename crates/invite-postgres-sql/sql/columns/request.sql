r.id, r.way, r.invitee, r.address, r.by_user, r.email, r.name, r.grants, r.message, r.created_at, r.expires_at,
    r.ending, r.ended_at
