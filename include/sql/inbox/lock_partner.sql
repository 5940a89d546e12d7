-- Let one transaction at a time write this partner's messages; whoever comes later waits and then sees what was written.
SELECT pg_advisory_xact_lock(hashtextextended('partner_messages inbox ' || %(partner_id)s::text, 0))
