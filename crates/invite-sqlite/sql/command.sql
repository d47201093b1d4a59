select fingerprint, outcome, expires_at
from invite_commands
where organization = ?1 and actor = ?2 and operation = ?3 and key = ?4
