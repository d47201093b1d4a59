select min(at)
from (
    select min(due_at) as at from invite.deliveries where state = 'queued' and leased_until is null
    union all
    select min(leased_until) from invite.deliveries where state = 'queued' and leased_until is not null
) as next
