 and organization > ?2
    ), 1
    union all
    select (
        select min(organization) from