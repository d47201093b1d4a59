-- From organization to organization: one that holds a great many rows of a person costs as much as one that holds a row.
with recursive held (organization, n) as (
    select (
        select min(organization) from