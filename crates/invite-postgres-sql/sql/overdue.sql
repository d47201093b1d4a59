-- The time is what `Organization::erased_until` of the core says.
where i.organization = $1 and i.ended_at <= $2 and i.invitee is not null
order by i.ended_at, i.id
limit (select $3::bigint)
