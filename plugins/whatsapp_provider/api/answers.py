"""The outcome of one request to `/messages`: accepted, refused, unknown, or not sent.

Only a message that was certainly not sent may be sent again, so unknown and not sent are told apart in one place.
"""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from whatsapp_provider.api.errors import Meaning, classify
from whatsapp_provider.masking import mask, plain


@dataclass(frozen=True)
class Accepted:
    """Meta accepted the message; it is not sent or delivered yet.

    Attributes:
        message_id: Meta's id (wamid); it contains the recipient's number.
        message_status: `accepted`, `held_for_quality_assessment` or `paused`, if Meta sends it.
    """

    message_id: str = field(repr=False)
    message_status: str | None = None


@dataclass(frozen=True)
class Refused:
    """Meta did not accept the message, and sent an error of its own.

    Attributes:
        code: `error.code`.
        subcode: `error.error_subcode`.
        details: Meta's details, masked and without control characters.
        retry_after: Seconds that Meta asks to wait.
        transient: `error.is_transient`.
    """

    code: int
    subcode: int | None = None
    details: str = ""
    retry_after: float | None = None
    transient: bool = False

    @property
    def meaning(self) -> Meaning:
        """The row of the error table."""
        return classify(self.code, self.details, self.subcode, transient=self.transient)


@dataclass(frozen=True)
class Unknown:
    """The request was sent and its outcome is not known: the message is never sent again.

    Attributes:
        reason: What was received instead of an answer.
    """

    reason: str


@dataclass(frozen=True)
class NotSent:
    """The request certainly did not reach Meta, so it may be repeated.

    Attributes:
        reason: What went wrong.
        retry_after: Seconds that the refusing proxy asks to wait.
    """

    reason: str
    retry_after: float | None = None


Answer: TypeAlias = Accepted | Refused | Unknown | NotSent

MAX_RETRY_AFTER = 3600.0
"""Seconds; a longer `Retry-After` is shortened to this."""

_GATEWAY_TIMEOUTS = frozenset({408, 499})
"""The 4xx statuses that a gateway may answer after it has forwarded the request."""

_MESSAGE_ID = re.compile(r"[!-~]{1,512}")
"""The form of a Meta message id (about 60 characters) that the message log can keep."""
_MESSAGE_STATUS = re.compile(r"[A-Za-z_]{1,64}")
_DIGITS = re.compile(r"[0-9]{1,9}")
_INTEGER_LIMIT = 2**31
"""The first number that PostgreSQL's `integer` cannot hold; Meta's codes are smaller."""


def read_answer(http_status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """The outcome of a request to `/messages` that was answered.

    - 2xx with a valid message id: accepted.
    - Meta's own error, with any status: refused.
    - 3xx or 4xx without Meta's error: not sent. A proxy, a captive portal or Meta's edge refused the request. (If it
      had forwarded the request and got no answer, it would answer 502 or 504.) The exceptions are 408 and 499, which
      some gateways answer when the other side is slow.
    - Everything else (5xx, a 2xx without an id): unknown.

    Args:
        http_status: The status; redirects are not followed.
        headers: Names in any case; `Retry-After` and `X-Business-Use-Case-Usage` are read.
        body: As received; it need not be JSON.
    """
    payload = _json_object(body)
    accepted = _accepted(payload)
    if accepted and 200 <= http_status < 300:
        return accepted
    retry_after = _retry_after({name.lower(): value for name, value in headers.items()})
    refused = _refused(payload, retry_after)
    if refused:
        return refused
    if 300 <= http_status < 500 and http_status not in _GATEWAY_TIMEOUTS and not accepted:
        return NotSent(f"HTTP {http_status} from something between here and Meta", retry_after)
    return Unknown(f"HTTP {http_status} with neither a message id nor Meta's error")


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


def _accepted(payload: Mapping[str, Any]) -> Accepted | None:
    match payload.get("messages"):
        case [{"id": str(message_id), **rest}, *_] if _MESSAGE_ID.fullmatch(message_id):
            status = rest.get("message_status")
            if not isinstance(status, str) or not _MESSAGE_STATUS.fullmatch(status):
                status = None
            return Accepted(message_id, status)
    return None


def _refused(payload: Mapping[str, Any], retry_after: float | None) -> Refused | None:
    error = payload.get("error")
    if not isinstance(error, dict) or not (error.keys() & {"type", "fbtrace_id"}):
        # Proxies answer {"error": {"code": 503}} too; an error of Meta's has a type and a trace id.
        return None
    code = _integer(error.get("code"))
    if code is None:
        return None
    return Refused(
        code,
        _integer(error.get("error_subcode")),
        plain(mask(_details(error))),
        retry_after,
        transient=error.get("is_transient") is True,
    )


def _details(error: Mapping[str, Any]) -> str:
    data = error.get("error_data")
    if isinstance(data, dict):
        data = data.get("details")
    for text in (data, error.get("message")):
        if isinstance(text, str) and text.strip():
            return text.strip()
    return ""


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _INTEGER_LIMIT else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The longest wait that the headers ask for, in seconds, at most an hour."""
    asked = max(_retry_after_header(headers), _regain_access(headers.get("x-business-use-case-usage", "")))
    return min(asked, MAX_RETRY_AFTER) if asked > 0 else None


def _retry_after_header(headers: Mapping[str, str]) -> float:
    """Seconds of `Retry-After`; a date is compared with the server's own clock (`Date`)."""
    value = headers.get("retry-after", "").strip()
    if _DIGITS.fullmatch(value):
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
        return (until - email.utils.parsedate_to_datetime(headers.get("date", ""))).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def _regain_access(value: str) -> float:
    """Seconds of `X-Business-Use-Case-Usage`: it has `estimated_time_to_regain_access` in minutes for each use case."""
    minutes = [
        usage.get("estimated_time_to_regain_access")
        for usages in _json_object(value.encode()).values()
        if isinstance(usages, list)
        for usage in usages
        if isinstance(usage, dict)
    ]
    return 60.0 * max((number for number in minutes if isinstance(number, int) and number > 0), default=0)
