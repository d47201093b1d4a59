update invite_group_members
set role = ?4, joined_at = ?5
where organization = ?1 and group_id = ?2 and user = ?3
