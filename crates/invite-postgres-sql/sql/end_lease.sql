update invite.deliveries
set state = $4, due_at = coalesce($5, due_at), mailed_at = $6, leased_until = null,
    attempts = jsonb_set(attempts::jsonb, '{value}', (attempts -> 'value')::jsonb || $7::jsonb)::json
where organization = $1 and id = $2 and lease = $3 and leased_until is not null
returning 1
