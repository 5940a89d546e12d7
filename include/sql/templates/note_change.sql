-- Note that a template is about to be submitted or edited, or was not to be, and why.
INSERT INTO template_change (dag_run_id, waba_id, name, language, change, status_before, outcome, detail, made_at)
VALUES (
    %(dag_run_id)s, %(waba_id)s, %(name)s, %(language)s, %(change)s, %(status_before)s, %(outcome)s, %(detail)s, %(made_at)s
)
RETURNING id
