with gone as (
    delete from invite.blocks where invitee = any($1)
    returning 1
)
select count(*) from gone
