"""The log of requests to Meta's side: counts, and the last requests in full."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

from sandbox.graph_api.clock import iso
from sandbox.graph_api.exchange import GraphRequest
from sandbox.graph_api.routes import Operation

MAX_REQUESTS = 5_000


@dataclass(slots=True)
class LoggedRequest:
    """A request and its outcome.

    Attributes:
        request: The request.
        operation: Its operation; None for an unknown path.
        object_id: The id in its path.
        outcome: The HTTP status of the answer, or what happened instead.
        code: Meta's error code in the answer.
    """

    request: GraphRequest
    operation: Operation | None
    object_id: str | None
    outcome: int | str = "unanswered"
    code: int | None = None

    def as_json(self) -> dict[str, Any]:
        """For people and tests; with the token as it was sent."""
        request = self.request
        return {
            "received_at": iso(request.received_at),
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": _readable(request.body),
            "operation": self.operation,
            "object_id": self.object_id,
            "outcome": self.outcome,
            "code": self.code,
        }


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return f"{len(body)} bytes"


class RequestLog:
    """The log of requests."""

    def __init__(self) -> None:
        self.total = 0
        self._by_operation: Counter[str] = Counter()
        self._by_object: Counter[str] = Counter()
        self._last: deque[LoggedRequest] = deque(maxlen=MAX_REQUESTS)

    def add(self, seen: LoggedRequest) -> LoggedRequest:
        """Add a new request; its outcome is set later."""
        self.total += 1
        self._by_operation[seen.operation or "unknown"] += 1
        if seen.object_id is not None:
            self._by_object[seen.object_id] += 1
        self._last.append(seen)
        return seen

    def summary(self, last: int, operation: Operation | None = None) -> dict[str, Any]:
        """Counts, and the last requests, oldest first.

        Args:
            last: The number of requests to show in full.
            operation: Show only requests of this operation.
        """
        shown = [seen for seen in self._last if operation in (None, seen.operation)]
        return {
            "total": self.total,
            "by_operation": dict(self._by_operation),
            "by_object_id": dict(self._by_object),
            "last": [seen.as_json() for seen in shown[len(shown) - min(last, len(shown)) :]],
        }
