    union
    select substr(inviter, 6) from offers where inviter like 'user:%'
    union
    select by_user from asking
    union
    select substr(l.creator, 6)
    from (select unnest((select $7::uuid[])) as id union select link from asking) as k
    cross join lateral (
        select creator from invite.links where organization = $1 and id = k.id limit 1
    ) as l
    where l.creator like 'user:%'
