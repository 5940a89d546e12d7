"""Meta's WhatsApp Cloud API on one machine: strict where Meta is strict, and faulty to order.

A FastAPI application in one process with all its state in memory. It knows nothing of the code it is used to test.

- `python -m sandbox.graph_api --port 8090` starts it; `server.running()` starts it for a `with` block.
- `/v25.0/...` is Meta's side: `graph` receives, `routes` and `calls` find out who asks for what; `messages`,
  `template_requests`, `subscription_requests`, `history_requests` and `upload_requests` answer. `errors` holds Meta's
  codes, `template_rules` what Meta says of a new template, `template_message` and `interactive_message` what it says of
  a message that uses one, or that has reply buttons.
- It speaks back: signed `webhooks` about messages, templates and accounts go to the apps that `subscriptions` names,
  when the `agenda` says so; `progress` is what becomes of a message, `inbound` what a partner sends. sandbox/README.md
  shows how to order what.
- `/_sandbox/...` is ours (`admin`): the outbox, the requests seen, faults to order (`faults`), time (`clock`), rates
  (`limits`), template reviews. `/` shows every message the way a phone would (`page`).
- `world` is everything the server remembers.

`D/` in these modules is the root of Meta's documentation:
https://developers.facebook.com/documentation/business-messaging/whatsapp
"""

READY = "Local Graph API: "  # what the one line begins with that the server prints when it listens; its URL follows
