-- When these accounts were read, and why they could not be since.
SELECT waba_id, listed_at, problem FROM template_account WHERE waba_id = ANY (%(waba_ids)s)
