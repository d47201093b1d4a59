-- Of those that did not end, the ones whose expiry lies above ?5 and up to ?6: what is past it, as `JoinRequest::state_at`
-- of the core has it, or what is not. They are looked for among the rows of the next eight pages. If these make none, and
-- there are more, all are read by their expiry.
-- SQLite would sort these rows to give what is near in their order, and gives it so by itself.
with near as (
    select n.id
    from (
        select r.id, r.expires_at, r.by_user from invite_requests as r
        where r.organization = ?1 and r.group_id = ?7 and r.state = 'pending' and (r.created_at, r.id) < (?2, ?3)
        order by r.created_at desc, r.id desc
        limit 8 * ?4
    ) as n
    where n.expires_at > ?5 and n.expires_at <= ?6 and (?8 is null or n.by_user = ?8)
    limit ?4
), enough as (
    select case
        when (select count(*) from near) = ?4 then true
        else 8 * ?4 > (
            select count(*)
            from (
                select 1 from invite_requests as r
                where r.organization = ?1 and r.group_id = ?7 and r.state = 'pending' and (r.created_at, r.id) < (?2, ?3)
                order by r.created_at desc, r.id desc
                limit 8 * ?4
            ) as n
        )
    end as is_near
), rest as (
    select r.id from enough
    cross join invite_requests as r
    where not enough.is_near
        and r.organization = ?1 and r.state = 'pending'
        and r.expires_at > ?5 and r.expires_at <= ?6
        and (+r.created_at, +r.id) < (?2, ?3)
        and +r.group_id = ?7 and (?8 is null or +r.by_user = ?8)
    order by +r.created_at desc, +r.id desc
    limit ?4
), page as (
    select near.id from enough cross join near where enough.is_near
    union all
    select id from rest
)
