update invite_requests
set way = ?3, invitee = ?4, address = ?5, by_user = ?6, email = ?7, email_canonical = ?8, name = ?9, grants = ?10,
    group_id = ?11, message = ?12, created_at = ?13, expires_at = ?14, state = ?15, ending = ?16, ended_at = ?17
where organization = ?1 and id = ?2
