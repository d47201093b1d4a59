m.user_id, m.status, m.email, m.grants, m.seat, m.joined_by, m.joined_at, m.metadata
