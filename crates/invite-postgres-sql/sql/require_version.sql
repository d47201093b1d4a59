select 1 / count(*)
from (select 1 from invite.organizations where id = $1 and version = $2 for update) as o
