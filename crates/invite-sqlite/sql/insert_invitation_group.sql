insert into invite_invitation_groups (organization, invitation, group_id, state, created_at)
values (?1, ?2, ?3, ?4, ?5)
