update invite_events
set data = json_remove(
    json_replace(data, '$.before.invitee', 'erased', '$.after.invitee', 'erased', '$.before.email', 'erased',
        '$.after.email', 'erased'),
    '$.reason', '$.before.continue_to', '$.after.continue_to', '$.before.ending.reason', '$.after.ending.reason')
