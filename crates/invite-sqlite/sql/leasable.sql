-- What is due, as `Outbox::lease` of the contract has it.
select organization, id
from (
    select * from (
        select organization, id, due_at
        from invite_deliveries
        where state = 'queued' and leased_until is null and due_at <= ?1
        order by due_at, organization, id
        limit ?2
    )
    union all
    select organization, id, due_at
    from invite_deliveries
    where state = 'queued' and leased_until <= ?1 and due_at <= ?1
)
order by due_at, organization, id
limit ?2
