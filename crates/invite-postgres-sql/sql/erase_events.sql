update invite.events
set data = (
    jsonb_set(jsonb_set(jsonb_set(jsonb_set(
        data::jsonb, '{before,invitee}', '"erased"', false), '{after,invitee}', '"erased"', false),
        '{before,email}', '"erased"', false), '{after,email}', '"erased"', false)
    #- '{reason}' #- '{before,continue_to}' #- '{after,continue_to}'
    #- '{before,ending,reason}' #- '{after,ending,reason}'
)::json
