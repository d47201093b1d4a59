-- Of those that did not end, the ones whose expiry lies above ?5 and up to ?6: what is past it, as `Invitation::state_at`
-- of the core has it, or what is not. They are looked for among the rows of the next eight pages. If these make none, and
-- there are more, all are read by their expiry.
-- SQLite would sort these rows to give what is near in their order, and gives it so by itself.
with near as (
    select i.id
    from (
        select g.invitation from invite_invitation_groups as g
        where g.organization = ?1 and g.group_id = ?7 and g.state = 'pending'
            and (g.created_at, g.invitation) < (?2, ?3)
        order by g.created_at desc, g.invitation desc
        limit 8 * ?4
    ) as n
    cross join invite_invitations as i on i.organization = ?1 and i.id = n.invitation
    where i.expires_at > ?5 and i.expires_at <= ?6 and (?8 is null or +i.inviter = ?8)
    limit ?4
), enough as (
    select case
        when (select count(*) from near) = ?4 then true
        else 8 * ?4 > (
            select count(*)
            from (
                select 1 from invite_invitation_groups as g
                where g.organization = ?1 and g.group_id = ?7 and g.state = 'pending'
                    and (g.created_at, g.invitation) < (?2, ?3)
                order by g.created_at desc, g.invitation desc
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
        and (
            select true from invite_invitation_groups as g
            where g.organization = ?1 and g.invitation = i.id and g.group_id = ?7
        )
        and (?8 is null or +i.inviter = ?8)
    order by +i.created_at desc, +i.id desc
    limit ?4
), page as (
    select near.id from enough cross join near where enough.is_near
    union all
    select id from rest
)
