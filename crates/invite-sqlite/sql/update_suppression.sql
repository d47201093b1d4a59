update invite_suppressions set address = ?4, at = ?5
where organization = ?1 and invitee = ?2 and kind = ?3
