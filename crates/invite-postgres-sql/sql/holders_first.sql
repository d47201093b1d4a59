-- From organization to organization: one that holds a great many rows of a person costs as much as one that holds a row.
with recursive held (name, organization, n) as (
    select k.name, (
        select organization from