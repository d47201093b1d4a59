 = h.name and organization > h.organization
        order by organization
        limit 1
    ), h.n + 1
    from held as h
    where h.organization is not null and h.n < $3
)
select organization from held where organization is not null
