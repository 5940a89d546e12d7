-- part: possible
{#- What a value of a run's row can be. PostgreSQL can hold more: infinity, years before Christ, quantities that are no number. -#}
{%- macro moment(column) -%}
CASE WHEN {{ column }} >= '2000-01-01' AND {{ column }} < '2100-01-01' THEN {{ column }} END
{%- endmacro -%}
{%- macro pieces(column) -%}
CASE WHEN {{ column }} BETWEEN 0 AND 1e9 THEN {{ column }} END
{%- endmacro -%}
{#- Whether an id fits into a message's context and into an index. The length is not the pattern's to judge: PostgreSQL takes
    far longer for a repetition that is counted. -#}
{%- macro fits(column) -%}
length({{ column }}) <= 200 AND {{ column }} ~ '^[!-9;-~]([ -9;-~]*[!-9;-~])?$'
{%- endmacro -%}
{#- An id, or what stands for one that does not fit, the same each time. -#}
{%- macro fitting(column) -%}
CASE WHEN {{ fits(column) }} THEN {{ column }} ELSE 'bad-id-' || md5({{ column }}) END
{%- endmacro -%}
{#- The first column of production_runs that holds what cannot be, null where all can; an id must fit into a message's context, and a
    run that is being made was accepted or started. -#}
{%- macro bad_column() -%}
CASE
    WHEN NOT ({{ fits("id") }}) THEN 'id'
    WHEN partner_id <> '' AND NOT ({{ fits("partner_id") }}) THEN 'partner_id'
    -- Nobody makes what nobody has accepted: with neither time the run would stand in no state in which it can be stuck.
    WHEN status = 'in_progress' AND accepted_at IS NULL AND started_at IS NULL THEN 'accepted_at'
    {%- for column in ("created_at", "dispatch_completed_at", "accepted_at", "started_at", "finished_at") %}
    WHEN {{ column }} IS NOT NULL AND ({{ moment(column) }}) IS NULL THEN '{{ column }}'
    {%- endfor %}
    {%- for column in ("quantity", "produced_quantity") %}
    WHEN {{ column }} IS NOT NULL AND ({{ pieces(column) }}) IS NULL THEN '{{ column }}'
    {%- endfor %}
END
{%- endmacro -%}

-- part: stuck
{#- The unfinished runs of partners that are stuck in a kind, and those that only seem to stand there, because their row holds what cannot
    be: with the latest moment that can. -#}
{%- macro stuck(kind, since, condition) -%}
SELECT
    id, partner_id, design_id,
    CASE WHEN bad_column IS NULL THEN {{ since }} ELSE greatest(sent_at, accepted_at, started_at) END AS since,
    quantity, produced_quantity, inventory_orders, runs, bad_column
FROM active
WHERE partner_id IS NOT NULL
    AND finished_at IS NULL
    AND CASE WHEN bad_column IS NULL THEN {{ condition }} AND {{ since }} < %(overdue_before)s ELSE seems = '{{ kind }}' END
ORDER BY since, id
{%- endmacro -%}

-- part: needs_columns
{#- What a run waits for, as far as this shop has the columns. #}
{{ "nullif(depends_on_inventory_order_ids::text, '[]')" if has_inventory_orders else "NULL::text" }} AS inventory_orders,
{{ "nullif(depends_on_run_ids::text, '[]')" if has_run_dependencies else "NULL::text" }} AS runs
{#- -#}

-- part: as_of_now
-- The active runs as they stood at now: CTEs that every query of this folder begins with.
--
-- The only scan of the whole table, kept to rows that can have been active: most runs of an old shop are long over. Materialized,
-- so that PostgreSQL reads no column of the others beyond the ones this condition names. Whoever asks for one kind of them says by
-- `stands`, in the row's own columns, where a run of that kind stands or seems to stand.
{%- from "possible" import bad_column, fitting, moment, pieces %}
candidate AS MATERIALIZED (
    SELECT
        id, partner_id, design_id, quantity, produced_quantity, status, created_at, dispatch_completed_at, accepted_at, started_at,
        finished_at, completed_at, cancelled_at, deleted_at, {% include "needs_columns" %},
        {{ bad_column() }} AS bad_column
    FROM {{ production_runs }}
    WHERE (status IN ('sent_to_partner', 'in_progress') OR completed_at > %(now)s OR cancelled_at > %(now)s)
        {%- if stands is defined %}
        AND {{ stands }}
        {%- endif %}
        AND (%(partner_ids)s::text[] IS NULL OR partner_id = ANY (%(partner_ids)s))
        AND (%(production_run_ids)s::text[] IS NULL OR id = ANY (%(production_run_ids)s))
),
-- What cannot be is taken out, or an id replaced. Materialized, so that each column is judged once.
judged AS MATERIALIZED (
    SELECT
        CASE WHEN bad_column IS NULL THEN id ELSE {{ fitting("id") }} END AS id,
        CASE WHEN bad_column IS NULL THEN nullif(partner_id, '') ELSE {{ fitting("nullif(partner_id, '')") }} END AS partner_id,
        design_id, status, deleted_at, inventory_orders, runs, bad_column,
        -- Where a run with a bad column seems to stand.
        CASE WHEN started_at IS NOT NULL THEN 'idle' WHEN accepted_at IS NOT NULL THEN 'not_started' ELSE 'assignment_pending' END AS seems,
        coalesce({{ moment("created_at") }}, '2000-01-01') AS created_at,
        {%- for column in ("dispatch_completed_at", "accepted_at", "started_at", "finished_at", "completed_at", "cancelled_at") %}
        {{ moment(column) }} AS {{ column }},
        {%- endfor %}
        {{ pieces("quantity") }} AS quantity,
        {{ pieces("produced_quantity") }} AS produced_quantity
    FROM candidate
),
-- Timestamps after now count as null, runs created after now do not exist, and a status reached only after now is wound back:
-- completed or cancelled to where the run stood before, in_progress to sent_to_partner where it was accepted later.
wound_back AS (
    SELECT
        id, partner_id, design_id, quantity, produced_quantity, inventory_orders, runs, bad_column, seems,
        CASE
            WHEN (status = 'completed' AND completed_at > %(now)s) OR (status = 'cancelled' AND cancelled_at > %(now)s)
                THEN CASE WHEN accepted_at <= %(now)s OR started_at <= %(now)s THEN 'in_progress' ELSE 'sent_to_partner' END
            WHEN status = 'in_progress' AND accepted_at > %(now)s THEN 'sent_to_partner'
            ELSE status
        END AS status,
        greatest(created_at, CASE WHEN dispatch_completed_at <= %(now)s THEN dispatch_completed_at END) AS sent_at,
        CASE WHEN accepted_at <= %(now)s THEN accepted_at END AS accepted_at,
        CASE WHEN started_at <= %(now)s THEN started_at END AS started_at,
        CASE WHEN finished_at <= %(now)s THEN finished_at END AS finished_at
    FROM judged
    WHERE deleted_at IS NULL AND created_at <= %(now)s
),
active AS (
    SELECT * FROM wound_back WHERE status IN ('sent_to_partner', 'in_progress')
)

-- name: assignment_pending
-- Runs that were sent to a partner and never accepted, by when the partner got them.
{%- from "stuck" import stuck %}
{%- with stands = "(accepted_at IS NULL OR accepted_at > %(now)s)" %}
WITH {% include "as_of_now" %}
{%- endwith %}
{{ stuck("assignment_pending", since="sent_at", condition="status = 'sent_to_partner' AND accepted_at IS NULL") }}

-- name: not_started
-- Runs that were accepted and never started, by when they were accepted.
{%- from "stuck" import stuck %}
{%- with stands = "accepted_at IS NOT NULL AND (started_at IS NULL OR started_at > %(now)s)" %}
WITH {% include "as_of_now" %}
{%- endwith %}
{{ stuck("not_started", since="accepted_at", condition="started_at IS NULL") }}

-- name: idle
-- Runs that were started and are not finished, by when they were started.
{%- from "stuck" import stuck %}
{#- Whether it is finished goes before its state: a finished one is known by that at once, and a text takes longer to read. -#}
{%- with stands = "started_at IS NOT NULL AND (finished_at IS NULL OR finished_at > %(now)s OR finished_at < '2000-01-01')" %}
WITH {% include "as_of_now" %}
{%- endwith %}
{{ stuck("idle", since="started_at", condition="status = 'in_progress'") }}

-- name: census
-- How many runs are active at all, and which of them have no partner to remind.
WITH {% include "as_of_now" %}
SELECT count(*) AS inspected, coalesce(array_agg(id ORDER BY id) FILTER (WHERE partner_id IS NULL), '{}') AS without_partner
FROM active

-- name: unowned_runs
-- The runs that nobody has, and since when: those that are parked as they are marked now, and the active ones without a partner.
-- A parent run that was split has no partner either: its children have it, if they were not deleted.
-- A time that cannot be is none: it hides no run.
{%- from "possible" import fitting, moment %}
WITH {% include "as_of_now" %},
unowned AS (
    SELECT
        {{ fitting("id") }} AS id, {{ fitting("nullif(partner_id, '')") }} AS partner_id,
        greatest(
            coalesce({{ moment("created_at") }}, '2000-01-01'), {{ moment("dispatch_completed_at") }}, {{ moment("accepted_at") }},
            {{ moment("started_at") }}
        ) AS moved_at
    FROM {{ production_runs }}
    WHERE status = 'awaiting_reassignment'
        AND deleted_at IS NULL
        AND coalesce({{ moment("created_at") }}, '2000-01-01') <= %(now)s
        AND (%(partner_ids)s::text[] IS NULL OR partner_id = ANY (%(partner_ids)s))
        AND (%(production_run_ids)s::text[] IS NULL OR id = ANY (%(production_run_ids)s))
    UNION ALL
    SELECT id, partner_id, greatest(sent_at, accepted_at, started_at)
    FROM active
    WHERE partner_id IS NULL
        AND NOT EXISTS (
            SELECT FROM {{ production_runs }} AS child
            WHERE child.parent_run_id = active.id AND child.deleted_at IS NULL AND coalesce({{ moment("child.created_at") }}, '2000-01-01') <= %(now)s
        )
)
{%- if has_activity %},
parked AS (
    SELECT production_run_id, max(occurred_at) FILTER (WHERE occurred_at <= %(now)s) AS parked_at
    FROM {{ production_run_activity }}
    WHERE kind = 'reassignment_needed'
        AND deleted_at IS NULL
        AND production_run_id IN (SELECT id FROM unowned)
        AND ({{ moment("occurred_at") }}) IS NOT NULL
    GROUP BY production_run_id
)
-- One that is known to have been parked only after now was not parked then; one that moved since it was parked was parked again.
SELECT u.id, u.partner_id, least(greatest(p.parked_at, u.moved_at), %(now)s) AS since
FROM unowned AS u LEFT JOIN parked AS p ON p.production_run_id = u.id
WHERE p.production_run_id IS NULL OR p.parked_at IS NOT NULL
{%- else %}
SELECT id, partner_id, least(moved_at, %(now)s) AS since
FROM unowned
{%- endif %}
ORDER BY since, id

-- name: runs
-- The runs with these ids that are not deleted, as they stand now.
{%- from "possible" import bad_column %}
SELECT
    id, status, nullif(partner_id, '') AS partner_id,
    {{ "nullif(previous_partner_id, '')" if has_previous_partner_id else "NULL" }} AS previous_partner_id,
    design_id, quantity, produced_quantity, accepted_at, finished_at, cancelled_reason,
    {{ bad_column() }} AS bad_column
FROM {{ production_runs }}
WHERE id = ANY (%(production_run_ids)s) AND deleted_at IS NULL

-- name: existing
-- Which of these ids the shop has at all, as a run's or a partner's: a deleted row is no typing mistake.
SELECT id, deleted_at IS NOT NULL AS deleted
FROM {{ production_runs if of_runs else partner }}
WHERE id = ANY (%(ids)s)

-- name: looked_at_again
-- What these runs need before their partners can work on them, and what nobody can make sense of in their rows.
{%- from "possible" import bad_column %}
SELECT
    id, nullif(partner_id, '') AS partner_id, {{ bad_column() }} AS bad_column, {% include "needs_columns" %}
FROM {{ production_runs }}
WHERE id = ANY (%(production_run_ids)s)

-- name: other_runs
-- The runs that others need, deleted ones too: what they need themselves, and when they ended.
SELECT
    id, nullif(partner_id, '') AS partner_id, status, least(finished_at, completed_at, cancelled_at) AS ended_at,
    deleted_at IS NOT NULL AS deleted, {% include "needs_columns" %}
FROM {{ production_runs }}
WHERE id = ANY (%(production_run_ids)s)

-- name: inventory_orders
-- These orders of material, deleted ones too. When one arrived the shop does not note; the last change of its row stands for it.
SELECT id, status, created_at, updated_at, deleted_at IS NOT NULL AS deleted
FROM {{ inventory_orders }}
WHERE id = ANY (%(inventory_order_ids)s)

-- name: activity
-- When the activity last set the clocks of these runs anew, each after the clock of its own row, up to now. What names another partner,
-- who had the run before, does not. A reminder is neither a handover nor work, whoever it is put down to, and what the shop's own
-- system notes in a partner's name is none of theirs.
SELECT run.id AS production_run_id, max(entry.occurred_at) AS at
FROM json_to_recordset(%(runs)s) AS run (id text, partner_id text, clock double precision)
    JOIN {{ production_run_activity }} AS entry ON entry.production_run_id = run.id
WHERE coalesce(nullif(entry.partner_id, ''), run.partner_id) = run.partner_id
    AND (
        entry.kind = ANY (%(kinds)s)
        {{ "OR (entry.actor_type = 'partner' AND entry.activity_type <> 'system')" if has_partner_activity }}
    )
    AND entry.activity_type <> 'reminder_sent'
    AND entry.occurred_at > to_timestamp(run.clock)
    AND entry.occurred_at <= %(now)s
    AND entry.deleted_at IS NULL
GROUP BY run.id

-- name: consumption
-- When these runs' partners last logged what they used up, each after the clock of its own row, up to now. Whatever it was: who logs
-- wastage, energy or hours is at work as well. A time is typed by a person: for one that is still to come counts when the row was
-- written. A row names no partner (it is of whoever had the run then), and one that names no run is about none
{%- if has_metadata %}; the partners' own page has named the run in the metadata alone{% endif %}.
{%- set logged_at = "CASE WHEN log.consumed_at > %(now)s THEN log.created_at ELSE log.consumed_at END" %}
SELECT run.id AS production_run_id, max({{ logged_at }}) AS at
FROM json_to_recordset(%(runs)s) AS run (id text, clock double precision)
    JOIN {{ consumption_log }} AS log
        ON {{ "coalesce(nullif(log.production_run_id, ''), log.metadata ->> 'production_run_id')" if has_metadata
            else "log.production_run_id" }} = run.id
WHERE log.consumed_by = 'partner'
    AND {{ logged_at }} > to_timestamp(run.clock)
    AND {{ logged_at }} <= %(now)s
    AND log.deleted_at IS NULL
GROUP BY run.id

-- name: design_pictures
-- Where the pictures of these designs are, as text; a column that an older shop lacks holds none.
SELECT
    id,
    {{ "thumbnail_url::text" if has_thumbnail_url else "NULL" }} AS thumbnail_url,
    {{ "media_files::text" if has_media_files else "NULL" }} AS media_files,
    {{ "moodboard::text" if has_moodboard else "NULL" }} AS moodboard,
    {{ "design_files::text" if has_design_files else "NULL" }} AS design_files
FROM {{ design }}
WHERE id = ANY (%(design_ids)s) AND deleted_at IS NULL

-- name: design_names
-- The names of these designs.
SELECT id, name
FROM {{ design }}
WHERE id = ANY (%(design_ids)s) AND deleted_at IS NULL

-- name: catalog
-- Which columns these tables have, whether this user can read them, and whether a table is found without naming its schema. The columns
-- of each table on their own: joined, all columns of the database are read.
SELECT
    n.nspname AS table_schema, c.relname AS table_name, pg_table_is_visible(c.oid) AS is_visible,
    (
        SELECT json_object_agg(a.attname, has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT'))
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid
            AND a.attnum > 0
            AND NOT a.attisdropped
    ) AS columns
FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = ANY (%(tables)s)
    AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
