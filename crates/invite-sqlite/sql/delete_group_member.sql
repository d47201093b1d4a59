delete from invite_group_members
where organization = ?1 and group_id = ?2 and user = ?3
