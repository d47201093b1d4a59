select sequence, commit_id, at, actor, kind, format, invitation, user_id, group_id, link, request, data
from invite.events
where organization = $1 and sequence > $2
order by sequence
limit $3
