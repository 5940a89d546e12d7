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
