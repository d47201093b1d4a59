where r.organization = $1 and r.group_id = $8 and r.state = $5 and (r.created_at, r.id) < ($2, $3)
    and (r.expires_at > $6) is true and (r.expires_at <= $7) is true and ($9::text is null or r.by_user = $9)
order by r.created_at desc, r.id desc
limit $4
