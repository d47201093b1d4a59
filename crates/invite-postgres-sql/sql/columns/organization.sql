o.id, o.status, o.plan, o.settings, o.members, o.owners, o.pending, o.groups, o.links, o.requests, o.seats,
    o.closing, o.suspended_by, o.verified, o.version, o.created_at, o.last_at
