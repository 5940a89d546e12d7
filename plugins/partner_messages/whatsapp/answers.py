"""What became of one request to Meta: taken, refused, perhaps taken, or never taken.

The difference between the last two is what keeps a message from being sent twice, so it is decided in one place.
"""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from partner_messages.recipients.masking import mask, plain
from partner_messages.whatsapp.errors import Meaning, classify


@dataclass(frozen=True)
class Accepted:
    """Meta took the message (which is not yet sent, let alone delivered).

    Attributes:
        message_id: Meta's id (wamid); it contains the recipient's number.
        message_status: `accepted`, `held_for_quality_assessment` or `paused`, where Meta says it.
    """

    message_id: str = field(repr=False)
    message_status: str | None = None


@dataclass(frozen=True)
class Refused:
    """Meta certainly did not take it, and said so in its own words.

    Attributes:
        code: `error.code`.
        subcode: `error.error_subcode`.
        details: What went wrong, masked and plain.
        retry_after: Seconds after which Meta would look at it again.
        transient: `error.is_transient`: Meta says that it will pass.
    """

    code: int
    subcode: int | None = None
    details: str = ""
    retry_after: float | None = None
    transient: bool = False

    @property
    def meaning(self) -> Meaning:
        """The row of the table of errors."""
        return classify(self.code, self.details, self.subcode, transient=self.transient)


@dataclass(frozen=True)
class Unknown:
    """A request left and nothing says what became of it: the message is never sent again.

    Attributes:
        reason: What was seen instead of an answer.
    """

    reason: str


@dataclass(frozen=True)
class NotSent:
    """The request certainly did not reach Meta, so it may be repeated.

    Attributes:
        reason: What stood in the way.
        retry_after: Seconds after which whoever stood in the way would let it pass.
    """

    reason: str
    retry_after: float | None = None


Answer: TypeAlias = Accepted | Refused | Unknown | NotSent

LONGEST_RETRY_AFTER = 3600.0
"""Seconds; who asks for more is asked again after an hour."""

_TIMED_OUT_ON_THE_WAY = frozenset({408, 499})
"""The two 4xx that a gateway may give after it has passed the request on."""

_MESSAGE_ID = re.compile(r"[!-~]{1,512}")
"""Meta's ids have some 60 letters, digits and signs; what is longer or has others is no id that one could keep."""
_MESSAGE_STATUS = re.compile(r"[A-Za-z_]{1,64}")
_SECONDS = re.compile(r"[0-9]{1,9}")
_MOST = 2**31
"""No code of Meta's is larger, nor may a number be that goes into the message log."""


def read_answer(http_status: int, headers: Mapping[str, str], body: bytes) -> Answer:
    """Say what became of a request to `/messages` that was answered.

    - 2xx with a message id that can be one: accepted.
    - Meta's own error, under any status: refused.
    - 3xx or 4xx without Meta's error: somebody on the way (a proxy, a captive portal, Meta's edge) turned the request
      away. One that had passed it on and got no answer says 502 or 504, so Meta has not taken it: not sent. The
      exceptions are 408 and 499, which some gateways give when the other side is slow.
    - Everything else (5xx, a 2xx without an id): unknown.

    Args:
        http_status: The status, after no redirect was followed.
        headers: In any case; `Retry-After` and `X-Business-Use-Case-Usage` are read.
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
    if 300 <= http_status < 500 and http_status not in _TIMED_OUT_ON_THE_WAY and not accepted:
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
        # Proxies say {"error": {"code": 503}} too; what Meta sends has a type and a trace id.
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
    if isinstance(value, str) and _SECONDS.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MOST else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The longest wait the headers ask for, in seconds, at most an hour."""
    asked = max(_retry_after_header(headers), _regain_access(headers.get("x-business-use-case-usage", "")))
    return min(asked, LONGEST_RETRY_AFTER) if asked > 0 else None


def _retry_after_header(headers: Mapping[str, str]) -> float:
    """`Retry-After`: seconds, or a date, which is compared with the server's own clock (`Date`)."""
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
        return (until - email.utils.parsedate_to_datetime(headers.get("date", ""))).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def _regain_access(value: str) -> float:
    """`X-Business-Use-Case-Usage`: `estimated_time_to_regain_access` is in minutes, one a use case."""
    minutes = [
        usage.get("estimated_time_to_regain_access")
        for usages in _json_object(value.encode()).values()
        if isinstance(usages, list)
        for usage in usages
        if isinstance(usage, dict)
    ]
    return 60.0 * max((number for number in minutes if isinstance(number, int) and number > 0), default=0)
