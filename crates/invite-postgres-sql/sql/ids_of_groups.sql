, ids as (
    select unnest((select $3::text[])) as id
    union
    select g.group_id
    from names as n
    join invite.places as p on p.organization = $1 and p.invitee = n.name
    join invite.invitation_groups as g on g.organization = $1 and g.invitation = p.invitation
