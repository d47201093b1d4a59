-- Open at a moment, as `Invitation::waits_at` of the core has it.
where invitee = ?1 and state = 'pending' and (created_at, id) < (?3, ?4)
    and +waits_until > ?2 and (+starts_at is null or +starts_at <= ?2)
    and exists (
        select 1 from invite_organizations as o
        where o.id = i.organization and o.status = 'active'
    )
order by created_at desc, id desc
limit ?5
