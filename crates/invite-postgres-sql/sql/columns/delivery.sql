d.organization, d.id, d.invitation, d.revision, d.kind, d.state, d.due_at, d.created_at, d.lease, d.leased_until,
    d.mailed_at, d.attempts
