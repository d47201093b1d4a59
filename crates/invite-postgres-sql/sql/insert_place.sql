insert into invite.places
    (organization, invitee, scope, invitation)
values
    ($1, $2, $3, $4)
