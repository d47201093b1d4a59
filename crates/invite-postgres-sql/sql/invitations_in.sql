-- How many rows lie between two times Postgres guesses far too low; of the two answers by themselves it guesses nothing.
where i.organization = $1 and i.state = $5 and (i.created_at, i.id) < ($2, $3)
    and (i.expires_at > $6) is true and (i.expires_at <= $7) is true
order by i.created_at desc, i.id desc
limit $4
