-- The runs that need a person because their partner asked for help.
SELECT production_run_id FROM partner_messages.escalation WHERE reason = 'asked_for_help' AND closed_at IS NULL;
