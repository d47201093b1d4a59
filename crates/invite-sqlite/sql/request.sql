select id, way, invitee, address, by_user, email, name, grants, message, created_at, expires_at, ending, ended_at,
    organization
from invite_requests
