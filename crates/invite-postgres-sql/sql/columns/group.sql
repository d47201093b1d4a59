g.id, g.status, g.settings, g.creator, g.created_at
