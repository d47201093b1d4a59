with changed as (
    update invite.invitations
    set kind = $3, invitee = $4, address = $5, name = $6, grants = $7, inviter = $8, created_at = $9,
    expires_at = $10, state = $11, ending = $12, ended_at = $13, nonce = $14, earlier_nonces = $15, revision =
    $16, mail_to = $17, seat = $18, message = $19, locale = $20, metadata = $21, continue_to = $22, starts_at
    = $23, waits_until = $24
    where organization = $1 and id = $2
    returning 1
), gone as (
    delete from invite.invitation_groups where organization = $1 and invitation = $2
    returning 1
)
select 1 / count(*) + 0 * (select count(*) from gone) from changed
