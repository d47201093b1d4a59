insert into invite_blocks (invitee, address, at)
values (?1, ?2, ?3)
on conflict (invitee) do nothing
