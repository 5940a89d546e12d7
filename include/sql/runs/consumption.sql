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
