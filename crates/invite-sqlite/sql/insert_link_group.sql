insert into invite_link_groups (organization, link, group_id, created_at)
values (?1, ?2, ?3, ?4)
