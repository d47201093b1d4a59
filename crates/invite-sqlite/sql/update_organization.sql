update invite_organizations
set status = ?2, plan = ?3, settings = ?4, members = ?5, owners = ?6, pending = ?7, groups = ?8, links = ?9,
    requests = ?10, seats = ?11, closing = ?12, verified = ?13, version = ?14, created_at = ?15, last_at = ?16
where id = ?1 and version = ?17
