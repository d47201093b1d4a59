-- As `Organization::due_invitations` and `Expiry::is_over` of the core have it.
where r.organization = $1 and r.state = 'pending'
    and r.expires_at <= (
        select case status when 'closed' then 'infinity' else greatest($2::timestamptz, last_at) end
        from invite.organizations where id = $1
    )
order by r.expires_at, r.id
limit (select $3::bigint)
