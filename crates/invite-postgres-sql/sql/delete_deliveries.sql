-- Locked in the order of their keys, as in drop_deliveries.sql.
delete from invite.deliveries
where organization = $1
    and id = any(array(
        select id from invite.deliveries
        where organization = $1 and invitation = any($2)
        order by id
        for update
    ))
