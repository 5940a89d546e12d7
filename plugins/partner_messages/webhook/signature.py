"""Check the signature of a POST and the verify token of a GET (pure; docs/reference/whatsapp-cloud-api.md, section 5).

Both are compared in constant time, with every configured secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

HEADER = "X-Hub-Signature-256"
_SIGNATURE = re.compile(r"sha256=([0-9A-Fa-f]{64})")
LONGEST_CHALLENGE = 1_000
"""Characters of a challenge that is answered; Meta's has about ten."""


def sign(body: bytes, app_secret: str) -> str:
    """The value of the signature header for a body."""
    return f"sha256={_digest(body, app_secret)}"


def is_signed(body: bytes, signatures: Sequence[str], app_secrets: Iterable[str]) -> bool:
    """Whether a body was signed with one of the secrets.

    Args:
        body: The bytes as received: JSON that was parsed and written again would have another signature.
        signatures: All values of the header; a header given twice is refused.
        app_secrets: The secrets of all senders, with those of a rotation.
    """
    found = _SIGNATURE.fullmatch(signatures[0]) if len(signatures) == 1 else None
    if not found:
        return False
    given = found[1].lower()
    # No early exit: compare with every secret.
    return sum(hmac.compare_digest(given, _digest(body, secret)) for secret in app_secrets) > 0


def _digest(body: bytes, app_secret: str) -> str:
    return hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def challenge_of(parameters: Iterable[tuple[str, str]], verify_tokens: Iterable[str]) -> str | None:
    """The challenge to answer Meta's verification request with.

    Args:
        parameters: The query parameters of the GET.
        verify_tokens: The verify tokens of all senders.

    Returns:
        The challenge; None if the mode or the token is wrong, or a parameter is missing or given twice.
    """
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    mode, token, challenge = (given.get(f"hub.{name}", []) for name in ("mode", "verify_token", "challenge"))
    if mode != ["subscribe"] or len(token) != 1 or len(challenge) != 1 or not challenge[0]:
        return None
    # As bytes: compare_digest refuses a non-ASCII string.
    asked = token[0].encode("utf-8", "replace")
    is_ours = sum(hmac.compare_digest(asked, one.encode()) for one in verify_tokens) > 0
    return challenge[0] if is_ours and len(challenge[0]) <= LONGEST_CHALLENGE else None
