insert into invite.places
    (organization, invitee, scope, invitation)
select $1, n.*
from unnest(
    $2::text[], $3::text[], $4::uuid[]
) as n (
    invitee, scope, invitation
)
