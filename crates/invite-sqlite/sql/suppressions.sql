select invitee, address, kind, at from invite_suppressions
where organization = ?1 and invitee = ?2
union all
select invitee, address, 'everywhere', at from invite_blocks
where invitee = ?2
