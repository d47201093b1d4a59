update invite_requests
set way = ?3, invitee = ?4, address = ?5, by_user = ?6, email = ?7, name = ?8, grants = ?9, group_id = ?10,
    message = ?11, created_at = ?12, expires_at = ?13, state = ?14, ending = ?15, ended_at = ?16
where organization = ?1 and id = ?2
