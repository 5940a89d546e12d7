"""What operations see and do in Airflow: one web application, mounted at `/partner-messages/`.

| module | what it has |
|---|---|
| `app` | the application: its routes, headers, and errors in words |
| `rights` | who may read, who may act, and that an act comes from our own page |
| `asked` | what an address asks for, validated |
| `render`, `words` | how a page is written, and what its words are |
| `today`, `messages`, `history`, `people`, `templates` | what each page shows |
| `acts` | what people do |
"""
