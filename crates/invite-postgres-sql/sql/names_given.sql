with names as (
    select unnest((select $2::text[])) as name
)
