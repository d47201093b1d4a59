where l.organization = $1 and l.ended_at is null
order by l.created_at, l.id
limit (select $2::bigint)
