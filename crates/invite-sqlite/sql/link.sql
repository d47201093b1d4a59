select id, settings, revision, switch, creator, created_at, uses, nonce, earlier_nonces, ending, ended_at
from invite_links
