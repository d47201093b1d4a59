-- The time is what `Organization::erased_until` of the core says.
where r.organization = $1 and r.ended_at <= $2 and r.invitee is not null
order by r.ended_at, r.id
limit (select $3::bigint)
