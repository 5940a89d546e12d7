-- Runs that were started and are not finished, by when they were started.
{%- from "runs/stuck.sql" import stuck %}
{#- Whether it is finished goes before its state: a finished one is known by that at once, and a text takes longer to read. -#}
{%- with stands = "started_at IS NOT NULL AND (finished_at IS NULL OR finished_at > %(now)s OR finished_at < '2000-01-01')" %}
WITH {% include "runs/as_of_now.sql" %}
{%- endwith %}
{{ stuck("idle", since="started_at", condition="status = 'in_progress'") }}
