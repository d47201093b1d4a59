insert into invite.suppressions
    (organization, invitee, kind, address, at)
values
    ($1, $2, $3, $4, $5)
