select user, email, grants, seat, joined_by, joined_at, metadata, organization
from invite_members
