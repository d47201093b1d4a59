 and organization > held.organization
    ), held.n + 1
    from held
    where held.organization is not null and held.n < ?3
)
select organization from held where organization is not null
