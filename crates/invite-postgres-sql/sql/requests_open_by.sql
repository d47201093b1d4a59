-- Of those that did not end, the ones whose expiry lies above $5 and up to $6: what is past it, as `JoinRequest::state_at`
-- of the core has it, or what is not. They are looked for among the rows of the next eight pages. If these make none, and
-- there are more, all are read by their expiry.
with near as (
    select n.*
    from (
        select r.* from invite.requests as r
        where r.organization = $1 and r.by_user = $7 and r.state = 'pending' and (r.created_at, r.id) < ($2, $3)
        order by r.created_at desc, r.id desc
        limit 8 * $4
    ) as n
    where n.expires_at > $5 and n.expires_at <= $6
    order by n.created_at desc, n.id desc
    limit $4
), enough as (
    select case
        when (select count(*) from near) = $4 then true
        else 8 * $4 > (
            select count(*)
            from (
                select 1 from invite.requests as r
                where r.organization = $1 and r.by_user = $7 and r.state = 'pending' and (r.created_at, r.id) < ($2, $3)
                order by r.created_at desc, r.id desc
                limit 8 * $4
            ) as n
        )
    end as is_near
), page as (
    select * from near where (select is_near from enough)
    union all
    (
        select r.*
        from (
            select w.id
            from (
                select r.id, r.created_at, r.by_user from invite.requests as r
                where r.organization = $1 and r.state = 'pending'
                    and r.expires_at > $5 and r.expires_at <= $6
                    and not (select is_near from enough)
                offset 0 -- Without it another index may be used, and more be read.
            ) as w
            where (w.created_at, w.id) < ($2, $3) and w.by_user = $7
            order by w.created_at desc, w.id desc
            limit $4
        ) as w
        join invite.requests as r on r.organization = $1 and r.id = w.id
    )
)
