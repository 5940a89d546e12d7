r"""The bytes of a webhook and their signature, as Meta makes them (docs/graph-api/webhooks/getting-started).

Meta signs the sent bytes: JSON with every non-ASCII character as `\uXXXX` in lower case hexadecimal digits (an emoji as
two of them), each slash as `\/`, and `<`, `%` and `@` as `\u003c`, `\u0025` and `\u0040`. The signature does not match
a body that was parsed and written again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.graph_api.webhook_changes import Change

SIGNATURE_HEADER = "x-hub-signature-256"
MAX_UPDATES = 1_000
_ESCAPES = {"/": "\\/", "<": "\\u003c", "%": "\\u0025", "@": "\\u0040"}
# These characters occur only within JSON strings, so they can be replaced in the whole text.
_ESCAPED = re.compile("[/<%@]")
_LISTS = ("statuses", "messages")


def encode(content: Mapping[str, Any]) -> bytes:
    """JSON as Meta writes it."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text).encode("ascii")


def signature(secret: str, body: bytes) -> str:
    """The value of the header `X-Hub-Signature-256` for the raw bytes of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def envelope(changes: Iterable[Change]) -> dict[str, Any]:
    """The content of a POST with one or more changes, in this order.

    Consecutive changes of one account are in one entry, and consecutive statuses or messages of one number in one
    change.
    """
    entries: list[dict[str, Any]] = []
    for change in changes:
        if not entries or entries[-1]["id"] != change.waba_id:
            entries.append({"id": change.waba_id, "time": int(change.at), "changes": []})
        told = entries[-1]["changes"]
        if told and (joined := _joined(told[-1], change)) is not None:
            told[-1] = joined
        else:
            told.append({"value": change.value, "field": change.field})
    for entry in entries:
        if all(told["field"] == "messages" for told in entry["changes"]):
            del entry["time"]  # Meta sends it only for templates and accounts.
    return {"object": "whatsapp_business_account", "entry": entries}


def items(change: Change) -> int:
    """The number of updates in a change, for the limit of a POST."""
    return max(1, *(len(change.value.get(name) or ()) for name in _LISTS))


def _joined(told: Mapping[str, Any], change: Change) -> dict[str, Any] | None:
    """Two changes of one field as one; None if they cannot be joined."""
    before, after = told["value"], change.value
    if told["field"] != change.field or before.get("metadata") != after.get("metadata"):
        return None
    for name in _LISTS:
        if (
            set(before) | set(after) <= {"messaging_product", "metadata", "contacts", name}
            and name in before.keys() & after
        ):
            contacts = [*before.get("contacts", ()), *after.get("contacts", ())]
            seen: list[Any] = []
            for contact in contacts:
                if contact not in seen:
                    seen.append(contact)
            value = {**before, name: [*before[name], *after[name]], **({"contacts": seen} if seen else {})}
            return {"value": value, "field": change.field}
    return None
