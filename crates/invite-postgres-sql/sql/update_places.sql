with changed as (
    update invite.places as t
    set invitation = n.invitation
    from unnest(
        (select $2::text[]), $3::text[], $4::uuid[]
    ) as n (
        invitee, scope, invitation
    )
    where t.organization = $1 and t.invitee = n.invitee and t.scope = n.scope
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
