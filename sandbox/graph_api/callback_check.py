"""Meta's verification request to a callback (docs/graph-api/webhooks/getting-started)."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from sandbox.graph_api.errors import GraphError, invalid_parameter

MAX_OVERRIDE_LENGTH = 200
SHOWN = 100
ASK_SECONDS = 10.0


async def verify(url: str, verify_token: str) -> None:
    """Verify a callback.

    Raises:
        GraphError: 2200 if it does not answer 200, 2201 if the answer is not the challenge.
    """
    challenge = str(secrets.randbelow(2_000_000_000))
    query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=ASK_SECONDS) as client:
            answer = await client.get(url, params=query)
    except httpx.HTTPError as error:
        raise _failed(f"curl_errno = 7; curl_error = {type(error).__name__}; HTTP Status Code = 0") from error
    if answer.status_code != 200:
        raise _failed(f"HTTP Status Code = {answer.status_code}; HTTP Message = {_phrase(answer.status_code)}")
    if answer.text != challenge:
        raise GraphError(
            2201,
            message=f'(#2201) response does not match challenge, expected value="{challenge}", '
            f'received="{answer.text[:SHOWN]}..."',
        )


def check_url(url: object, param: str, longest: int | None = None) -> str:
    """Check a callback's URL, given in the parameter `param`; `longest` is its maximum length.

    Raises:
        GraphError: 100 for an invalid URL. Unlike at Meta, http is allowed, because the server is for one machine.
    """
    if not isinstance(url, str) or not url:
        raise invalid_parameter(f"The parameter {param} is required.")
    try:
        parts = urlsplit(url)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        raise invalid_parameter(f"Param {param} is not a valid URI.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_one or parts.fragment:
        raise invalid_parameter(f"Param {param} is not a valid URI.")
    if longest is not None and len(url) > longest:
        raise invalid_parameter(f"Param {param} must be at most {longest} characters long.")
    return url


def check_token(token: object) -> str:
    """Check a verify token.

    Raises:
        GraphError: 100 if there is none.
    """
    if not isinstance(token, str) or not token:
        raise invalid_parameter("The parameter verify_token is required.")
    return token


def _failed(why: str) -> GraphError:
    return GraphError(2200, message=f"(#2200) Callback verification failed with the following errors: {why}")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
