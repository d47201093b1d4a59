update invite_places set invitation = ?4
where organization = ?1 and invitee = ?2 and scope = ?3
