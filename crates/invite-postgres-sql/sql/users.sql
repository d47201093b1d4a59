, users as (
    select unnest($3::text[]) as id
    union
    select substr(name, 6) from names where name like 'user:%'
