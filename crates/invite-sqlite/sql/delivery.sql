select organization, id, invitation, revision, kind, state, due_at, created_at, lease, leased_until, mailed_at,
    attempts
from invite_deliveries
