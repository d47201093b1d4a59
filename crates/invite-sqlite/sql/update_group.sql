update invite_groups
set status = ?3, name = ?4, settings = ?5, creator = ?6, created_at = ?7
where organization = ?1 and id = ?2
