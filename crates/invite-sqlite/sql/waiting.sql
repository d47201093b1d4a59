-- Open at a moment, as `Invitation::waits_at` of the core has it.
select i.organization
from invite_invitations as i
where invitee = ?1 and state = 'pending' and +waits_until > ?2 and (+starts_at is null or +starts_at <= ?2)
    and exists (
        select 1 from invite_organizations as o
        where o.id = i.organization and o.status = 'active'
    )
limit ?3
