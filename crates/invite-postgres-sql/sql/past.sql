from unnest((select $2::text[])) as k (name)
cross join lateral (
    select * from invite.invitations
    where invitee = k.name and organization = $1 and ended_at is not null
    order by id
    limit (select $3::bigint)
) as i
