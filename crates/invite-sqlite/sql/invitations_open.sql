-- Of those that did not end, the ones whose expiry lies above ?5 and up to ?6: what is past it, as `Invitation::state_at`
-- of the core has it, or what is not. They are looked for among the rows of the next eight pages. If these make none, and
-- there are more, all are read by their expiry.
-- SQLite would sort these rows to give what is near in their order, and gives it so by itself.
with near as (
    select n.id
    from (
        select i.id, i.expires_at from invite_invitations as i
        where i.organization = ?1 and i.state = 'pending' and (i.created_at, i.id) < (?2, ?3)
        order by i.created_at desc, i.id desc
        limit 8 * ?4
    ) as n
    where n.expires_at > ?5 and n.expires_at <= ?6
    limit ?4
), enough as (
    select case
        when (select count(*) from near) = ?4 then true
        else 8 * ?4 > (
            select count(*)
            from (
                select 1 from invite_invitations as i
                where i.organization = ?1 and i.state = 'pending' and (i.created_at, i.id) < (?2, ?3)
                order by i.created_at desc, i.id desc
                limit 8 * ?4
            ) as n
        )
    end as is_near
), rest as (
    select i.id from enough
    cross join invite_invitations as i
    where not enough.is_near
        and i.organization = ?1 and i.state = 'pending'
        and i.expires_at > ?5 and i.expires_at <= ?6
        and (+i.created_at, +i.id) < (?2, ?3)
    order by +i.created_at desc, +i.id desc
    limit ?4
), page as (
    select near.id from enough cross join near where enough.is_near
    union all
    select id from rest
)
