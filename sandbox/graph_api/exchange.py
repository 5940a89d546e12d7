"""One request to Meta's side of the server, and the answer to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from sandbox.graph_api.errors import GraphError, invalid_parameter

ESCAPED_SURROGATE: Final = b"\\ud"
JSON_TYPE: Final = ("content-type", "application/json; charset=UTF-8")


@dataclass(slots=True)
class GraphRequest:
    """A request.

    Attributes:
        method: HTTP method.
        path: Without the query.
        query: The raw query.
        headers: Name (lower case) and value, in order.
        body: The raw body.
        received_at: Seconds since the epoch, by the server's clock.
        base_url: Scheme, host and port of this server.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    received_at: float
    base_url: str

    def header(self, name: str) -> str:
        """The value of a header (name in lower case); empty if it is missing."""
        return next((value for key, value in self.headers if key == name), "")

    def query_parameters(self) -> dict[str, str]:
        """The query, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; empty if the content type is not JSON, as at Meta.

        Raises:
            GraphError: 100 if the body is no JSON object.
        """
        if not self.body or "json" not in self.header("content-type"):
            return {}
        try:
            body = json.loads(self.body)
            if ESCAPED_SURROGATE in self.body.lower():  # A lone surrogate could not be encoded again.
                json.dumps(body, ensure_ascii=False).encode()
        except ValueError as error:
            raise invalid_parameter("The request body is not valid JSON.") from error
        if not isinstance(body, dict):
            raise invalid_parameter("The request body must be a JSON object.")
        return body

    def parameters(self) -> dict[str, Any]:
        """The parameters of query and JSON body; Graph takes them from both."""
        return {**self.query_parameters(), **self.json_object()}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer.

    Attributes:
        status: HTTP status.
        body: The raw body.
        headers: Name and value.
    """

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (JSON_TYPE,)


def answer(content: Mapping[str, Any]) -> Answer:
    """A 200 answer with this content."""
    return Answer(200, json.dumps(content, ensure_ascii=False).encode())


def refusal(error: GraphError) -> Answer:
    """The answer for an error."""
    return Answer(error.status, error.body(), (JSON_TYPE, *error.headers))
