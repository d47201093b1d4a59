insert into invite.blocks select * from json_populate_recordset(null::invite.blocks, $rows$[
{"invitee":"user:eve","address":null,"at":"2026-02-02T02:40:09+00:00"}
]$rows$);
insert into invite.commands select * from json_populate_recordset(null::invite.commands, $rows$[
{"organization":"acme","actor":"system","operation":"invite","key":"k","fingerprint":"\\x0303030303030303030303030303030303030303030303030303030303030303","outcome":"{\"n\":1}","expires_at":"2026-02-03T02:40:00+00:00"}
]$rows$);
insert into invite.deliveries select * from json_populate_recordset(null::invite.deliveries, $rows$[
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000001","invitation":"019c1c38-a400-7000-8000-000000000001","revision":1,"kind":"invitation","state":"sent","due_at":"2026-02-02T02:40:01+00:00","created_at":"2026-02-02T02:40:01+00:00","lease":2,"leased_until":null,"mailed_at":"2026-02-02T02:40:05+00:00","attempts":{"format":1,"value":[{"at":"2026-02-02T02:40:04Z","error":"451"},{"at":"2026-02-02T02:40:05Z","error":null}]}},
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000002","invitation":"019c1c38-a400-7000-8000-000000000002","revision":0,"kind":"invitation","state":"queued","due_at":"2026-02-02T02:40:02+00:00","created_at":"2026-02-02T02:40:02+00:00","lease":0,"leased_until":null,"mailed_at":null,"attempts":{"format":1,"value":[]}}
]$rows$);
insert into invite.events select * from json_populate_recordset(null::invite.events, $rows$[
{"organization":"acme","sequence":1,"commit_id":"019c1c38-a400-7707-8707-070707070707","at":"2026-02-02T02:40:00+00:00","actor":"user:ada","kind":"invitation-created","format":1,"invitation":"019c1c38-a400-7000-8000-000000000001","user_id":null,"group_id":"red","link":null,"request":null,"data":{"after":{"invitee":"Z…@example.com","grants":[{"scope":"organization","access":{"role":"client"}},{"scope":{"group":"red"},"access":{"role":"member","until":"2026-02-02T05:10:00Z"}}],"inviter":{"user":"ada"},"state":"pending","starts_at":"2026-02-02T02:40:02Z","expires_at":{"at":"2026-02-03T00:53:20Z"},"revision":1,"seat":"client","mailed":true,"continue_to":"https://app.example/after"},"reason":"because"}}
]$rows$);
insert into invite.former select * from json_populate_recordset(null::invite.former, $rows$[
{"organization":"acme","user_id":"cid","left_at":"2026-02-02T02:40:06+00:00","grants":{"format":1,"value":[{"scope":"organization","access":{"role":"member"}}]}}
]$rows$);
insert into invite.group_members select * from json_populate_recordset(null::invite.group_members, $rows$[
{"organization":"acme","group_id":"red","user_id":"bob","role":"member","joined_at":"2026-02-02T02:40:01+00:00"}
]$rows$);
insert into invite.groups select * from json_populate_recordset(null::invite.groups, $rows$[
{"organization":"acme","id":"old","status":"closed","name":"Group old","settings":{"format":1,"value":{"name":"Group old","join_policy":"invite_only"}},"creator":"user:ada","created_at":"2026-02-02T02:40:01+00:00"},
{"organization":"acme","id":"red","status":"active","name":"Group red","settings":{"format":1,"value":{"name":"Group red","join_policy":"invite_only"}},"creator":"user:ada","created_at":"2026-02-02T02:40:00+00:00"}
]$rows$);
insert into invite.invitation_groups select * from json_populate_recordset(null::invite.invitation_groups, $rows$[
{"organization":"acme","invitation":"019c1c38-a400-7000-8000-000000000001","group_id":"red","state":"pending","created_at":"2026-02-02T02:40:01+00:00"}
]$rows$);
insert into invite.invitations select * from json_populate_recordset(null::invite.invitations, $rows$[
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000001","kind":{"format":1,"value":"membership"},"invitee":"address:zoë@example.com","address":"Zoë@example.com","name":"Zoë","grants":{"format":1,"value":[{"scope":"organization","access":{"role":"client"}},{"scope":{"group":"red"},"access":{"role":"member","until":"2026-02-02T05:10:00Z"}}]},"inviter":"user:ada","created_at":"2026-02-02T02:40:01+00:00","expires_at":"2026-02-03T00:53:20+00:00","state":"pending","ending":null,"ended_at":null,"nonce":"\\x07070707070707070707070707070707","earlier_nonces":"\\x02020202020202020202020202020202","revision":1,"mail_to":"Zoë@example.com","seat":"client","message":"line\nline","locale":"de","metadata":{"format":1,"value":{"k":"v"}},"continue_to":"https://app.example/after","starts_at":"2026-02-02T02:40:02+00:00","waits_until":"2026-02-03T00:53:20+00:00"},
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000002","kind":{"format":1,"value":"membership"},"invitee":"address:bob@example.com","address":"bob@example.com","name":null,"grants":{"format":1,"value":[{"scope":"organization","access":{"role":"member"}}]},"inviter":"user:ada","created_at":"2026-02-02T02:40:02+00:00","expires_at":"infinity","state":"accepted","ending":{"format":1,"value":{"how":"accepted","user":"bob"}},"ended_at":"2026-02-02T02:40:04+00:00","nonce":"\\x07070707070707070707070707070707","earlier_nonces":"\\x","revision":0,"mail_to":"bob@example.com","seat":null,"message":null,"locale":null,"metadata":{"format":1,"value":{}},"continue_to":null,"starts_at":null,"waits_until":"infinity"},
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000003","kind":{"format":1,"value":"membership"},"invitee":"user:cid","address":null,"name":null,"grants":{"format":1,"value":[{"scope":"organization","access":{"role":"member"}}]},"inviter":"user:ada","created_at":"2026-02-02T02:40:03+00:00","expires_at":"infinity","state":"revoked","ending":{"format":1,"value":{"how":"revoked","because":"asked"}},"ended_at":"2026-02-02T02:40:05+00:00","nonce":"\\x07070707070707070707070707070707","earlier_nonces":"\\x","revision":0,"mail_to":null,"seat":null,"message":null,"locale":null,"metadata":{"format":1,"value":{}},"continue_to":null,"starts_at":null,"waits_until":"infinity"}
]$rows$);
insert into invite.limits select * from json_populate_recordset(null::invite.limits, $rows$[
{"organization":"acme","subject":"inviter:ada","kept":"2026-02-02T02:40:04+00:00"},
{"organization":"acme","subject":"organization","kept":"2026-02-02T02:40:03+00:00"}
]$rows$);
insert into invite.link_groups select * from json_populate_recordset(null::invite.link_groups, $rows$[
{"organization":"acme","link":"019c1c38-a400-7000-8000-000000000001","group_id":"red","created_at":"2026-02-02T02:40:01+00:00"}
]$rows$);
insert into invite.links select * from json_populate_recordset(null::invite.links, $rows$[
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000001","settings":{"format":1,"value":{"name":"For red","grants":[{"scope":"organization","access":{"role":"client"}},{"scope":{"group":"red"},"access":{"role":"member","until":"2026-02-02T05:10:00Z"}}],"closes_at":"2026-02-03T03:40:00Z","max_uses":20,"domains":{"allowed":null,"denied":[]}}},"revision":2,"switch":{"format":1,"value":"on"},"creator":"user:ada","created_at":"2026-02-02T02:40:01+00:00","uses":3,"nonce":"\\x07070707070707070707070707070707","earlier_nonces":"\\x01010101010101010101010101010101","ending":null,"ended_at":null},
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000002","settings":{"format":1,"value":{"name":"Link 2","grants":[{"scope":"organization","access":{"role":"member"}}],"domains":{"allowed":null,"denied":[]}}},"revision":0,"switch":{"format":1,"value":"on"},"creator":"user:ada","created_at":"2026-02-02T02:40:02+00:00","uses":0,"nonce":"\\x07070707070707070707070707070707","earlier_nonces":"\\x","ending":{"format":1,"value":"removed"},"ended_at":"2026-02-02T02:40:05+00:00"}
]$rows$);
insert into invite.members select * from json_populate_recordset(null::invite.members, $rows$[
{"organization":"acme","user_id":"ada","status":"active","email":null,"email_canonical":null,"role":"member","grants":{"format":1,"value":[{"scope":"organization","access":{"role":"member"}}]},"seat":null,"joined_by":{"format":1,"value":"being_added"},"link":null,"joined_at":"2026-02-02T02:40:00+00:00","metadata":{"format":1,"value":{}},"ends_at":null},
{"organization":"acme","user_id":"bob","status":"suspended","email":"Bob@Example.com","email_canonical":"bob@example.com","role":"client","grants":{"format":1,"value":[{"scope":"organization","access":{"role":"client"}},{"scope":{"group":"red"},"access":{"role":"member","until":"2026-02-02T05:10:00Z"}}]},"seat":"client","joined_by":{"format":1,"value":{"link":{"link":"019c1c38-a400-7000-8000-000000000001","revision":2}}},"link":"019c1c38-a400-7000-8000-000000000001","joined_at":"2026-02-02T02:40:01+00:00","metadata":{"format":1,"value":{"k":"v"}},"ends_at":"2026-02-02T05:10:00+00:00"}
]$rows$);
insert into invite.organizations select * from json_populate_recordset(null::invite.organizations, $rows$[
{"id":"acme","status":"active","plan":{"format":1,"value":{"seats":{"client":"unlimited","team":{"at_most":5}},"seat_policy":"reserve_on_invite","pending":{"at_most":9}}},"settings":{"format":1,"value":{"name":"Ἀθήνα 東京","description":"'quoted'","expiry_seconds":86400,"domains":{"allowed":null,"denied":[]}}},"members":2,"owners":1,"pending":1,"groups":2,"links":1,"requests":1,"seats":{"format":1,"value":{}},"closing":{"format":1,"value":["old"]},"suspended_by":null,"verified":{"format":1,"value":{"example.com":{"joining":"directly","grants":[{"scope":"organization","access":{"role":"member"}}]}}},"version":1,"created_at":"2026-02-02T02:40:00+00:00","last_at":"2026-02-02T02:40:00+00:00"}
]$rows$);
insert into invite.places select * from json_populate_recordset(null::invite.places, $rows$[
{"organization":"acme","invitee":"address:zoë@example.com","scope":"organization","invitation":"019c1c38-a400-7000-8000-000000000001"}
]$rows$);
insert into invite.requests select * from json_populate_recordset(null::invite.requests, $rows$[
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000001","way":{"format":1,"value":{"group":"red"}},"link":null,"invitee":"user:eve","address":null,"by_user":"eve","email":"eve@example.com","email_canonical":"eve@example.com","name":null,"grants":{"format":1,"value":[{"scope":{"group":"red"},"access":{"role":"member"}}]},"group_id":"red","message":"please","created_at":"2026-02-02T02:40:01+00:00","expires_at":"2026-02-03T02:40:00+00:00","state":"pending","ending":null,"ended_at":null},
{"organization":"acme","id":"019c1c38-a400-7000-8000-000000000002","way":{"format":1,"value":{"group":"red"}},"link":null,"invitee":"user:cid","address":null,"by_user":"cid","email":null,"email_canonical":null,"name":null,"grants":{"format":1,"value":[{"scope":{"group":"red"},"access":{"role":"member"}}]},"group_id":"red","message":null,"created_at":"2026-02-02T02:40:02+00:00","expires_at":"2026-02-03T02:40:00+00:00","state":"withdrawn","ending":{"format":1,"value":{"how":"withdrawn"}},"ended_at":"2026-02-02T02:40:07+00:00"}
]$rows$);
insert into invite.suppressions select * from json_populate_recordset(null::invite.suppressions, $rows$[
{"organization":"acme","invitee":"address:x@example.com","kind":"inclusion","address":"x@example.com","at":"2026-02-02T02:40:01+00:00"},
{"organization":"acme","invitee":"address:x@example.com","kind":"invitations","address":"x@example.com","at":"2026-02-02T02:40:01+00:00"},
{"organization":"acme","invitee":"address:x@example.com","kind":"mail","address":"x@example.com","at":"2026-02-02T02:40:01+00:00"}
]$rows$);
