"""Meta's message history: the statuses that Meta keeps of a message.

It follows Meta's OpenAPI and was never tried against Meta itself, so every field of an answer may be missing.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import requests
import urllib3.exceptions

from whatsapp_provider.api.senders import Sender
from whatsapp_provider.api.transport import why_no_answer
from whatsapp_provider.ends import RepairNeeded, TryLater
from whatsapp_provider.hooks.whatsapp import WhatsAppHook
from whatsapp_provider.masking import mask

MAX_ANSWER_BYTES = 1024 * 1024
PAGE_SIZE = 100
MAX_PAGES = 10
"""Pages that are read of one message's events; there are usually three or four events."""
_ID = re.compile(r"[A-Za-z0-9_-]+")
_STATUSES: Mapping[str, str] = {"SENT": "sent", "DELIVERED": "delivered", "READ": "read"}
"""The statuses that are read. A failure has no reason there, so it is left to the webhook."""


class HistoryRefused(RepairNeeded):
    """Meta refuses to be asked (HTTP 400 to 499); the message is a sentence."""


class HistoryUnclear(TryLater):
    """No answer, or an unreadable one; a later try may succeed."""


class MessageHistory:
    """The message history of one sender.

    Args:
        hook: The sender's connection.
    """

    def __init__(self, hook: WhatsAppHook) -> None:
        self._hook, self._sender = hook, hook.sender

    def of(self, wamid: str) -> list[tuple[str, dt.datetime]]:
        """Each status of a message, with Meta's time.

        Raises:
            HistoryRefused: Asking again is useless.
            HistoryUnclear: A later try may succeed.
        """
        path = f"{self._sender.phone_number_id}/message_history"
        found: list[tuple[str, dt.datetime]] = []
        for entry in self._pages(path, {"message_id": wamid}):
            if entry.get("message_id", wamid) != wamid:
                raise HistoryUnclear(f"{self._sender.conn_id}: the answer tells of another message.")
            if isinstance(entry.get("id"), str) and _ID.fullmatch(entry["id"]):
                events = self._pages(f"{entry['id']}/events", {})
                found += [reached for event in events if (reached := _status_of(event)) is not None]
        return found

    def _pages(self, path: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        after: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            page = self._get(path, {**asked, "limit": str(PAGE_SIZE), **after})
            data, paging = page.get("data"), page.get("paging")
            if not isinstance(data, list):
                raise HistoryUnclear(f"{self._sender.conn_id}: the answer is no list.")
            yield from (one for one in data if isinstance(one, dict))
            cursors = paging.get("cursors") if isinstance(paging, dict) and "next" in paging else None
            cursor = cursors.get("after") if isinstance(cursors, dict) else None
            if not isinstance(cursor, str):
                return
            after = {"after": cursor}

    def _get(self, path: str, asked: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            received = self._hook.request("GET", path, max_bytes=MAX_ANSWER_BYTES, params=dict(asked))
            payload = json.loads(received.body)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise HistoryUnclear(f"{self._sender.conn_id}: {why_no_answer(error, self._sender.host)}.") from None
        except (ValueError, RecursionError):
            raise HistoryUnclear(f"{self._sender.conn_id}: the answer is no JSON.") from None
        problem = payload.get("error") if isinstance(payload, dict) else None
        if isinstance(payload, dict) and problem is None and received.status < 400:
            return payload
        said = problem.get("message") if isinstance(problem, dict) else None
        words = f"{self._sender.conn_id}: HTTP {received.status}: {mask(str(said or 'no reason'))}"
        # A rate limit or a server error does not mean that the endpoint cannot be used.
        refused = 400 <= received.status < 500 and received.status != 429 and not _is_rate_limit(problem)
        raise HistoryRefused(words) if refused else HistoryUnclear(words)


def _is_rate_limit(problem: Any) -> bool:
    return isinstance(problem, dict) and problem.get("code") in (4, 80007, 130429)


def _status_of(event: Mapping[str, Any]) -> tuple[str, dt.datetime] | None:
    """A status and its time. Meta's OpenAPI has two forms: they name the time differently, and one wraps the event."""
    node = event.get("node")
    event = node if isinstance(node, dict) else event
    status = _STATUSES.get(str(event.get("delivery_status") or event.get("status")).upper())
    times = (_time(event.get(key)) for key in ("occurrence_timestamp", "status_timestamp", "timestamp"))
    at = next((found for found in times if found), None)
    return (status, at) if status and at else None


def _time(value: Any) -> dt.datetime | None:
    text = str(value)
    try:
        if re.fullmatch(r"[0-9]{1,11}", text, re.ASCII):
            return dt.datetime.fromtimestamp(int(text), dt.UTC)
        found = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None


@contextlib.contextmanager
def message_history(sender: Sender, *, connect_timeout: float, read_timeout: float) -> Iterator[MessageHistory]:
    """The history of a sender's messages; its connections are closed afterwards."""
    hook = WhatsAppHook(sender=sender, connect_timeout=connect_timeout, read_timeout=read_timeout)
    with contextlib.closing(hook):
        yield MessageHistory(hook)
