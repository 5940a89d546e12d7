-- name: approvals
-- What is known of the templates on these accounts.
SELECT
    waba_id, name, language, status, category, previous_category, announced_category, quality, reason, parameter_count, listed, seen_at
FROM template_approval
WHERE waba_id = ANY (%(waba_ids)s)
ORDER BY waba_id, name, language

-- name: record
-- Write down templates of an account; what was learnt later stays. Of a whole listing: what it does not show is gone. That one is
-- flagged no listing says (it says APPROVED), so it stays so until Meta says something else of it, or that its quality is good.
WITH listing AS (
    SELECT * FROM json_to_recordset(%(listing)s) AS l (
        name text, language text, status text, category text, previous_category text, quality text, reason text,
        parameter_count integer, listed jsonb
    )
), gone AS (
    DELETE FROM template_approval AS a
    WHERE %(whole)s
        AND a.waba_id = %(waba_id)s
        AND a.seen_at <= %(seen_at)s
        AND NOT EXISTS (SELECT FROM listing AS l WHERE l.name = a.name AND l.language = a.language)
)
INSERT INTO template_approval AS a (
    waba_id, name, language, status, category, previous_category, quality, reason, parameter_count, listed, seen_at
)
SELECT
    %(waba_id)s, name, language, status, category, previous_category, quality, reason, parameter_count, listed, %(seen_at)s
FROM listing
ON CONFLICT (waba_id, name, language) DO UPDATE
SET
    status = CASE
        WHEN a.status = 'FLAGGED' AND excluded.status = 'APPROVED' AND excluded.quality IS DISTINCT FROM 'GREEN' THEN a.status
        ELSE excluded.status
    END,
    category = excluded.category, quality = excluded.quality, reason = excluded.reason,
    parameter_count = excluded.parameter_count, listed = excluded.listed, seen_at = excluded.seen_at,
    previous_category = coalesce(
        excluded.previous_category,
        CASE WHEN a.category <> excluded.category THEN a.category ELSE a.previous_category END
    ),
    announced_category = nullif(a.announced_category, excluded.category)
WHERE a.seen_at <= excluded.seen_at

-- name: record_update
-- Write down what Meta says of one template, unless something later is known; one that was never seen gets a row. A category that is
-- announced (beside the one that still holds, which other news names as well) stays so until another one is given; of a text that was
-- changed nobody knows how many parameters it has.
INSERT INTO template_approval AS a (waba_id, name, language, status, category, announced_category, quality, reason, seen_at)
VALUES (
    %(waba_id)s, %(name)s, %(language)s, coalesce(%(status)s::text, 'UNKNOWN'), %(category)s::text, %(announced)s::text, %(quality)s::text, %(reason)s::text,
    %(seen_at)s
)
ON CONFLICT (waba_id, name, language) DO UPDATE
SET
    status = coalesce(%(status)s::text, a.status),
    category = coalesce(%(category)s::text, a.category),
    previous_category = CASE WHEN a.category <> %(category)s::text THEN a.category ELSE a.previous_category END,
    announced_category = CASE
        WHEN %(announced)s::text IS NOT NULL OR coalesce(%(category)s::text, a.category) IS NOT DISTINCT FROM a.category
            THEN coalesce(%(announced)s::text, a.announced_category)
    END,
    quality = coalesce(%(quality)s::text, a.quality),
    reason = CASE WHEN %(status)s::text IS NULL THEN a.reason ELSE %(reason)s::text END,
    parameter_count = CASE WHEN NOT %(text_changed)s THEN a.parameter_count END,
    seen_at = excluded.seen_at
WHERE a.seen_at <= excluded.seen_at

-- name: accounts
-- When these accounts were read, and why they could not be since.
SELECT waba_id, listed_at, problem FROM template_account WHERE waba_id = ANY (%(waba_ids)s)

-- name: record_listing
-- Note that an account was read as a whole.
INSERT INTO template_account AS a (waba_id, tried_at, listed_at)
VALUES (%(waba_id)s, %(seen_at)s, %(seen_at)s)
ON CONFLICT (waba_id) DO UPDATE
SET tried_at = excluded.tried_at, listed_at = excluded.listed_at, problem = NULL
WHERE a.tried_at <= excluded.tried_at

-- name: record_unreadable
-- Note that an account could not be read, and why; what was known of it stays.
INSERT INTO template_account AS a (waba_id, tried_at, problem)
VALUES (%(waba_id)s, %(tried_at)s, %(problem)s)
ON CONFLICT (waba_id) DO UPDATE
SET tried_at = excluded.tried_at, problem = excluded.problem
WHERE a.tried_at <= excluded.tried_at

-- name: mark_refused
-- A message was refused because of its template: it cannot be sent until a listing says otherwise.
INSERT INTO template_approval (waba_id, name, language, status, reason, seen_at)
VALUES (%(waba_id)s, %(name)s, %(language)s, %(status)s, %(reason)s, %(seen_at)s)
ON CONFLICT (waba_id, name, language) DO UPDATE
SET status = excluded.status, reason = excluded.reason, seen_at = excluded.seen_at

-- name: note_change
-- Note that a template is about to be submitted or edited, or was not to be, and why.
INSERT INTO template_change (dag_run_id, waba_id, name, language, change, status_before, outcome, detail, made_at)
VALUES (
    %(dag_run_id)s, %(waba_id)s, %(name)s, %(language)s, %(change)s, %(status_before)s, %(outcome)s, %(detail)s, %(made_at)s
)
RETURNING id

-- name: settle_change
-- Note what became of a change that was asked for.
UPDATE template_change SET outcome = %(outcome)s, detail = %(detail)s WHERE id = %(id)s AND outcome = 'asked'

-- name: asked_changes
-- The changes of an account that were asked for and of which nobody has noted what became: the process ended before.
SELECT id, name, language, change FROM template_change WHERE waba_id = %(waba_id)s AND outcome = 'asked' ORDER BY id

-- name: reasons_of_run
-- What a DAG run last did about each template.
SELECT DISTINCT ON (waba_id, name, language) waba_id, name, language, detail
FROM template_change
WHERE dag_run_id = %(dag_run_id)s
ORDER BY waba_id, name, language, id DESC

-- name: changes_since
-- The changes of an account that count against Meta's limits.
SELECT name, language, change, status_before, made_at
FROM template_change
WHERE waba_id = %(waba_id)s AND made_at > %(since)s AND outcome = 'taken'
ORDER BY made_at, id

-- name: delete_template_changes
-- Delete the oldest notes of what was asked of Meta about templates; what was never answered stays.
DELETE FROM template_change
WHERE id = ANY (ARRAY (
    SELECT id FROM template_change WHERE made_at < %(before)s AND outcome <> 'asked' ORDER BY made_at LIMIT %(at_most)s
))
RETURNING id
