"""What operations see and do in Airflow: one web application, mounted at `/partner-messages/`.

| module | what it has |
|---|---|
| `app` | the application: its routes, headers, and errors in words |
| `rights` | who may read, who may act, and that an act comes from our own page |
| `asked` | what an address asks for, validated |
| `render`, `words`, `names`, `bars`, `state` | how a page is written, and what stands on several pages |
| `today`, `messages`, `history`, `people`, `templates`, `before`, `effect`, `what_if` | what each page shows |
| `resend`, `previews` | what a page lets a DAG run send |
| `dealt` | which messages a task was given |
| `ahead`, `past`, `chosen`, `outcomes`, `comparison` | the next weeks, other settings, the control group, computed |
| `acts` | what people do |
"""
