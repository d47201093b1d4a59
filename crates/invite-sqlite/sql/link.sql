select i.id, i.settings, i.revision, i.switch, i.creator, i.created_at, i.uses, i.nonce, i.earlier_nonces, i.ending,
    i.ended_at
from invite_links as i
