update invite_members
set email = ?3, email_canonical = ?4, role = ?5, grants = ?6, seat = ?7, joined_by = ?8, link = ?9,
    joined_at = ?10, metadata = ?11
where organization = ?1 and user = ?2
