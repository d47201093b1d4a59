select id, kind, invitee, address, name, grants, inviter, created_at, expires_at, ending, ended_at, nonce,
    earlier_nonces, revision, mail_to, seat, message, locale, metadata, organization
from invite_invitations
