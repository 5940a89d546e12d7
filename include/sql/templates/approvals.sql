-- What is known of the templates on these accounts.
SELECT waba_id, name, language, status, category, previous_category, quality, reason, parameter_count, listed, seen_at
FROM template_approval
WHERE waba_id = ANY (%(waba_ids)s)
ORDER BY waba_id, name, language
