"""Meta's message history: what it keeps of how far a message has come.

It is in Meta's OpenAPI and was never seen at work here, so everything in an answer may be missing.
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

from partner_messages.config.ends import RepairNeeded, TryLater
from partner_messages.recipients.masking import mask
from partner_messages.whatsapp.hook import WhatsAppHook
from partner_messages.whatsapp.senders import Sender
from partner_messages.whatsapp.transport import exchange

LONGEST_ANSWER = 1024 * 1024
PAGE = 100
PAGES = 10
"""Of one message's events; it has three or four."""
_ID = re.compile(r"[A-Za-z0-9_-]+")
_REACHED: Mapping[str, str] = {"SENT": "sent", "DELIVERED": "delivered", "READ": "read"}
"""What is believed; why a message failed is not said there, so that is left to the webhook."""


class HistoryRefused(RepairNeeded):
    """Meta says that it cannot be asked (a status of 400 to 499); the message is a sentence."""


class HistoryUnclear(TryLater):
    """No answer, or none that can be read; another time it may be."""


class MessageHistory:
    """What Meta keeps of one sender's messages.

    Args:
        hook: The sender's connection.
        timeouts: Seconds to wait for a connection, and for an answer.
    """

    def __init__(self, hook: WhatsAppHook, timeouts: tuple[float, float]) -> None:
        self._hook, self._sender, self._timeouts = hook, hook.sender, timeouts

    def of(self, wamid: str) -> list[tuple[str, dt.datetime]]:
        """Each state that a message has reached, with Meta's time.

        Raises:
            HistoryRefused: It is of no use to ask again.
            HistoryUnclear: It may be.
        """
        path = f"{self._sender.phone_number_id}/message_history"
        return [
            reached
            for entry in self._pages(path, {"message_id": wamid})
            if isinstance(entry.get("id"), str) and _ID.fullmatch(entry["id"])
            for event in self._pages(f"{entry['id']}/events", {})
            if (reached := _reached(event)) is not None
        ]

    def _pages(self, path: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        after: dict[str, str] = {}
        for _ in range(PAGES):
            page = self._get(path, {**asked, "limit": str(PAGE), **after})
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
        session = self._hook.get_conn()
        url = f"{self._sender.host}/{self._sender.api_version}/{path}"
        try:
            request = session.prepare_request(requests.Request("GET", url, params=dict(asked)))
            received = exchange(session, request, timeouts=self._timeouts, most=LONGEST_ANSWER)
            payload = json.loads(received.body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, RecursionError) as error:
            raise HistoryUnclear(f"{self._sender.conn_id}: {mask(f'{type(error).__name__}: {error}')}") from None
        problem = payload.get("error") if isinstance(payload, dict) else None
        if isinstance(payload, dict) and problem is None and received.status < 400:
            return payload
        said = problem.get("message") if isinstance(problem, dict) else None
        words = f"{self._sender.conn_id}: HTTP {received.status}: {mask(str(said or 'no reason'))}"
        # Too fast, and what the server itself does wrong, says nothing of the endpoint.
        refused = 400 <= received.status < 500 and received.status != 429 and not _is_of_rate(problem)
        raise HistoryRefused(words) if refused else HistoryUnclear(words)


def _is_of_rate(problem: Any) -> bool:
    return isinstance(problem, dict) and problem.get("code") in (4, 80007, 130429)


def _reached(event: Mapping[str, Any]) -> tuple[str, dt.datetime] | None:
    """A state and its time; the two forms of Meta's OpenAPI call the time differently, and one wraps the event."""
    node = event.get("node")
    event = node if isinstance(node, dict) else event
    status = _REACHED.get(str(event.get("delivery_status") or event.get("status")).upper())
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
    """The history of a sender's messages, its connections closed afterwards."""
    hook = WhatsAppHook(sender, connect_timeout=connect_timeout, read_timeout=read_timeout)
    with contextlib.closing(hook):
        yield MessageHistory(hook, (connect_timeout, read_timeout))
