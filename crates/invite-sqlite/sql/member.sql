select m.user, m.status, m.email, m.grants, m.seat, m.joined_by, m.joined_at, m.metadata, m.organization
from invite_members as m
