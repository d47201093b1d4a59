-- As `Organization::due_access` of the core has it.
where m.organization = $1
    and m.ends_at <= (
        select greatest($2::timestamptz, last_at) from invite.organizations where id = $1
    )
order by m.ends_at, m.user_id
limit (select $3::bigint)
