select id, status, settings, creator, created_at
from invite_groups
