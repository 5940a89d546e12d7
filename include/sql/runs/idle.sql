-- Runs that were started and are not finished, by when they were started.
{%- from "runs/stuck.sql" import stuck %}
{%- with stands = "started_at IS NOT NULL" %}
WITH {% include "runs/as_of_now.sql" %}
{%- endwith %}
{{ stuck("idle", since="started_at", condition="status = 'in_progress'") }}
