where m.organization = $1 and m.role = $5 and (m.joined_at, m.user_id) > ($2, $3)
    and ($6::text is null or m.seat = $6) and ($7::text is null or m.status = $7)
order by m.joined_at, m.user_id
limit $4
