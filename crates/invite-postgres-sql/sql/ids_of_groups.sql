, ids as (
    select unnest((select $3::text[])) as id
    union
    select g.group_id
    from names as n
    cross join lateral (
        select invitation from invite.places where organization = $1 and invitee = n.name offset 0
    ) as p
    cross join lateral (
        select group_id from invite.invitation_groups
        where organization = $1 and invitation = p.invitation
        offset 0
    ) as g
