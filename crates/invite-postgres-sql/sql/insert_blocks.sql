-- In the order of their keys, so that of two callers one waits for the other.
with made as (
    insert into invite.blocks (invitee, address, at)
    select n.*, $3::timestamptz from unnest($1::text[], $2::text[]) as n (invitee, address)
    order by n.invitee collate "C"
    on conflict (invitee) do nothing
    returning 1
)
select count(*) from made
