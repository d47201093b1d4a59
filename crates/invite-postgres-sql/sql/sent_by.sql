from unnest((select $2::text[])) as k (inviter)
cross join lateral (
    select * from invite.invitations
    where organization = $1 and inviter = k.inviter and state = 'pending'
    order by created_at, id
    limit (select $3::bigint)
) as i
