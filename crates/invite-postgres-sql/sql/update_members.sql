with changed as (
    update invite.members as t
    set status = n.status, email = n.email, email_canonical = n.email_canonical, role = n.role, grants =
    n.grants, seat = n.seat, joined_by = n.joined_by, link = n.link, joined_at = n.joined_at, metadata =
    n.metadata, ends_at = n.ends_at
    from unnest(
        (select $2::text[]), $3::text[], $4::text[], $5::text[], $6::text[], $7::json[], $8::text[], $9::json[],
        $10::uuid[], $11::timestamptz[], $12::json[], $13::timestamptz[]
    ) as n (
        user_id, status, email, email_canonical, role, grants, seat, joined_by, link, joined_at, metadata, ends_at
    )
    where t.organization = $1 and t.user_id = n.user_id
    returning 1
)
select 1 / (count(*) = cardinality($2))::int from changed
