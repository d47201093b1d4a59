select invitee, address, kind, at, organization from invite_suppressions
where invitee = ?1
order by at desc
limit ?2
