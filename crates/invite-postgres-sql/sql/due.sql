-- As `Organization::due_invitations` and `Expiry::is_over` of the core have it.
where i.organization = $1 and i.state = 'pending'
    and i.expires_at <= (
        select case status when 'closed' then 'infinity' else greatest($2::timestamptz, last_at) end
        from invite.organizations where id = $1
    )
order by i.expires_at, i.id
limit (select $3::bigint)
