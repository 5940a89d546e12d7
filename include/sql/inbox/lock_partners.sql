-- Let one transaction at a time write these partners' messages, in their order; whoever comes later waits and then sees what was written.
SELECT pg_advisory_xact_lock(hashtextextended('partner_messages inbox ' || id, 0))
FROM (SELECT id FROM unnest(%(partner_ids)s::text[]) AS partner (id) ORDER BY id) AS in_order
