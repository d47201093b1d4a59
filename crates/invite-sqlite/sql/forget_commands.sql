delete from invite_commands
where rowid in (select rowid from invite_commands where expires_at <= ?1 order by expires_at limit ?2)
