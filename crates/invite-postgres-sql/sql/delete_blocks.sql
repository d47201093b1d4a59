-- Locked in the order of their keys, as in insert_blocks.sql.
with gone as (
    delete from invite.blocks
    where invitee = any(array(
        select invitee from invite.blocks
        where invitee = any($1)
        order by invitee
        for update
    ))
    returning 1
)
select count(*) from gone
