with free as (
    select o.id
    from unnest((select $1::text[]), $18::bigint[]) as n (id, version)
    join invite.organizations as o on o.id = n.id and o.version = n.version
    for update of o skip locked
), changed as (
    update invite.organizations as t
    set status = n.status, plan = n.plan, settings = n.settings, members = n.members, owners = n.owners, pending =
    n.pending, groups = n.groups, links = n.links, requests = n.requests, seats = n.seats, closing = n.closing,
    suspended_by = n.suspended_by, verified = n.verified, version = n.version, created_at = n.created_at, last_at
    = n.last_at
    from unnest(
        $1::text[], $2::text[], $3::json[], $4::json[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
        $9::bigint[], $10::bigint[], $11::json[], $12::json[], $13::json[], $14::json[], $15::bigint[],
        $16::timestamptz[], $17::timestamptz[]
    ) as n (
        id, status, plan, settings, members, owners, pending, groups, links, requests, seats, closing,
        suspended_by, verified, version, created_at, last_at
    )
    join free as f on f.id = n.id
    where t.id = n.id
    returning 1
)
select 1 / (count(*) = cardinality($1))::int from changed
