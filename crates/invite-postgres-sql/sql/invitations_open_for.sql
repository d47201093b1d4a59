-- Of those that did not end, the ones whose expiry lies above $5 and up to $6: what is past it, as `Invitation::state_at`
-- of the core has it, or what is not. They are looked for among the rows of the next eight pages. If these make none, and
-- there are more, all are read by their expiry.
with near as (
    select i.*
    from (
        select g.created_at, g.invitation from invite.invitation_groups as g
        where g.organization = $1 and g.group_id = $7 and g.state = 'pending'
            and (g.created_at, g.invitation) < ($2, $3)
        order by g.created_at desc, g.invitation desc
        limit 8 * $4
    ) as n
    cross join lateral (select * from invite.invitations where organization = $1 and id = n.invitation limit 1) as i
    where i.expires_at > $5 and i.expires_at <= $6 and ($8::text is null or i.inviter = $8)
    order by n.created_at desc, n.invitation desc
    limit $4
), enough as (
    select case
        when (select count(*) from near) = $4 then true
        else 8 * $4 > (
            select count(*)
            from (
                select 1 from invite.invitation_groups as g
                where g.organization = $1 and g.group_id = $7 and g.state = 'pending'
                    and (g.created_at, g.invitation) < ($2, $3)
                order by g.created_at desc, g.invitation desc
                limit 8 * $4
            ) as n
        )
    end as is_near
), page as (
    select * from near where (select is_near from enough)
    union all
    (
        select i.*
        from (
            select w.id
            from (
                select i.id, i.created_at, i.inviter from invite.invitations as i
                where i.organization = $1 and i.state = 'pending'
                    and i.expires_at > $5 and i.expires_at <= $6
                    and not (select is_near from enough)
                offset 0 -- Without it another index may be used, and more be read.
            ) as w
            where (w.created_at, w.id) < ($2, $3)
                and (
                    select true from invite.invitation_groups as g
                    where g.organization = $1 and g.invitation = w.id and g.group_id = $7
                )
                and ($8::text is null or w.inviter = $8)
            order by w.created_at desc, w.id desc
            limit $4
        ) as w
        join invite.invitations as i on i.organization = $1 and i.id = w.id
    )
)
