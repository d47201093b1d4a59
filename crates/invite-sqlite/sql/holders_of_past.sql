select distinct organization from invite_invitations
where invitee = ?1 and ended_at is not null and organization > ?2
order by organization
limit ?3
