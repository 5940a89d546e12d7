"""Meta's WhatsApp Cloud API on one machine: as strict as Meta, with faults on demand.

A FastAPI application in one process with all its state in memory. It does not import the code that it tests.

- `python -m sandbox.graph_api --port 8090` starts it; `server.running()` starts it for a `with` block.
- `/v25.0/...` is Meta's side: `graph` receives a request, `routes` and `calls` find its operation and its caller;
  `messages`, `template_requests`, `subscription_requests`, `history_requests` and `upload_requests` answer it. `errors`
  has Meta's codes, `template_rules` the checks of a new template, `template_message` and `interactive_message` those of
  a message with a template or with reply buttons.
- Signed `webhooks` about messages, templates and accounts are sent to the apps in `subscriptions`; `agenda` is the
  schedule, `progress` the statuses of a message, `inbound` the messages of partners. sandbox/README.md shows the use.
- `/_sandbox/...` is the admin side (`admin`): outbox, request log, `faults`, `clock`, `limits`, template reviews. `/`
  shows every message as on a phone (`page`).
- `world` is the whole state of the server.

`D/` in these modules is the root of Meta's documentation:
https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

READY = "Local Graph API: "  # The beginning of the line that the server prints when it listens; its URL follows.
