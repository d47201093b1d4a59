update invite_organizations
set status = ?2, plan = ?3, settings = ?4, members = ?5, owners = ?6, pending = ?7, groups = ?8, links = ?9,
    seats = ?10, closing = ?11, version = ?12, created_at = ?13, last_at = ?14
where id = ?1 and version = ?15
