update invite_organizations
set status = ?2, plan = ?3, settings = ?4, members = ?5, owners = ?6, pending = ?7, seats = ?8,
    version = ?9, created_at = ?10, last_at = ?11
where id = ?1 and version = ?12
