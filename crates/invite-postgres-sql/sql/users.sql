, users as (
    select unnest((select $3::text[])) as id
    union
    select substr(name, 6) from names where name like 'user:%'
