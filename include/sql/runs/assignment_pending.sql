-- Runs that were sent to a partner and never accepted, by when the partner got them.
{%- from "runs/stuck.sql" import stuck %}
{%- with stands = "(accepted_at IS NULL OR accepted_at > %(now)s)" %}
WITH {% include "runs/as_of_now.sql" %}
{%- endwith %}
{{ stuck("assignment_pending", since="sent_at", condition="status = 'sent_to_partner' AND accepted_at IS NULL") }}
