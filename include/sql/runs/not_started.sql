-- Runs that were accepted and never started, by when they were accepted.
{%- from "runs/stuck.sql" import stuck %}
{%- with stands = "accepted_at IS NOT NULL AND (started_at IS NULL OR started_at > %(now)s)" %}
WITH {% include "runs/as_of_now.sql" %}
{%- endwith %}
{{ stuck("not_started", since="accepted_at", condition="started_at IS NULL") }}
