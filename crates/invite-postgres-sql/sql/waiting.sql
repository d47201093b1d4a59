-- Open at a moment, as `Invitation::waits_at` of the core has it.
select i.organization
from invite.invitations as i
join invite.organizations as o on o.id = i.organization
where i.invitee = any($1) and i.state = 'pending' and i.waits_until > $2
    and (i.starts_at is null or i.starts_at <= $2) and o.status = 'active'
limit $3
