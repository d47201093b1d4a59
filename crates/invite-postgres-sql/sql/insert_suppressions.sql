insert into invite.suppressions
    (organization, invitee, kind, address, at)
select $1, n.*
from unnest(
    $2::text[], $3::text[], $4::text[], $5::timestamptz[]
) as n (
    invitee, kind, address, at
)
