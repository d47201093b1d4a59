with names as (
    select unnest($2::text[]) as name
)
