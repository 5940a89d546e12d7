-- The runs that the tick found idle.
SELECT production_run_id
FROM partner_messages.stuck_run
WHERE delivery = 'live' AND kind = 'idle';
