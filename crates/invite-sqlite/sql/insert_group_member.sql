insert into invite_group_members (organization, group_id, user, role, joined_at)
values (?1, ?2, ?3, ?4, ?5)
