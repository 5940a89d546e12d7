r"""The bytes of a webhook and their signature, as Meta makes them (docs/graph-api/webhooks/getting-started).

Meta signs what it sends: JSON with every character outside ASCII as `\uXXXX` in lower case hexadecimal digits (an
emoji as two of them), each slash as `\/`, and `<`, `%` and `@` as `\u003c`, `\u0025` and `\u0040`. Whoever parses the
body and writes it out again gets other bytes, and a signature that does not match.
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
LARGEST_BATCH = 1_000
_ESCAPES = {"/": "\\/", "<": "\\u003c", "%": "\\u0025", "@": "\\u0040"}
# All of them stand in strings only, never in JSON's own marks, so the text as a whole can be gone through.
_ESCAPED = re.compile("[/<%@]")
_LISTS = ("statuses", "messages")


def encode(content: Mapping[str, Any]) -> bytes:
    """JSON as Meta writes it."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return _ESCAPED.sub(lambda found: _ESCAPES[found[0]], text).encode("ascii")


def signature(secret: str, body: bytes) -> str:
    """The value of the header `X-Hub-Signature-256`.

    Args:
        secret: The app's.
        body: The raw bytes.
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def envelope(changes: Iterable[Change]) -> dict[str, Any]:
    """One POST's content.

    Changes of one account that follow each other stand in one entry, and statuses or messages of one number that follow
    each other in one change; nothing is put in another order.

    Args:
        changes: One or more.
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
            del entry["time"]  # Meta has it with templates and accounts only
    return {"object": "whatsapp_business_account", "entry": entries}


def items(change: Change) -> int:
    """For how many of the updates that one POST may hold a change counts."""
    return max(1, *(len(change.value.get(name) or ()) for name in _LISTS))


def _joined(told: Mapping[str, Any], change: Change) -> dict[str, Any] | None:
    """Two changes of one field as one; None where they have to stand apart."""
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
