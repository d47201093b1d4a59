 = k.name and organization > $2
        order by organization
        limit 1
    ), 1::bigint
    from unnest($1::text[]) as k (name)
    union all
    select h.name, (
        select organization from