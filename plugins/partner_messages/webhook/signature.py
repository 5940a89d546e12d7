"""Whether a webhook is Meta's: the signature of a POST, and the verification of a GET (pure).

docs/reference/whatsapp-cloud-api.md, section 5. Both compare in constant time, and with every secret that there is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

HEADER = "X-Hub-Signature-256"
_SIGNATURE = re.compile(r"sha256=([0-9A-Fa-f]{64})")
LONGEST_CHALLENGE = 1_000
"""Characters of a challenge that are given back; Meta's has about ten."""


def sign(body: bytes, app_secret: str) -> str:
    """The header's value for a body, as Meta makes it."""
    return f"sha256={_digest(body, app_secret)}"


def is_signed(body: bytes, signatures: Sequence[str], app_secrets: Iterable[str]) -> bool:
    """Whether a body was signed with one of the secrets.

    Args:
        body: As it came, byte for byte: Meta escapes what is not ASCII before it signs, so a body that was read and
            written again has another signature.
        signatures: Every value of the header; more than one is nobody's.
        app_secrets: Of all senders, also those that are being rotated.
    """
    found = _SIGNATURE.fullmatch(signatures[0]) if len(signatures) == 1 else None
    if not found:
        return False
    given = found[1].lower()
    # All are compared, whichever fits.
    return sum(hmac.compare_digest(given, _digest(body, secret)) for secret in app_secrets) > 0


def _digest(body: bytes, app_secret: str) -> str:
    return hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def challenge_of(parameters: Iterable[tuple[str, str]], verify_tokens: Iterable[str]) -> str | None:
    """What to answer when Meta asks whether this is the receiver that was meant.

    Args:
        parameters: Of the GET's query.
        verify_tokens: Of all senders.

    Returns:
        The challenge; None where the mode is another one, something is missing or given twice, or the token is none of
        ours.
    """
    given: dict[str, list[str]] = {}
    for name, value in parameters:
        given.setdefault(name, []).append(value)
    mode, token, challenge = (given.get(f"hub.{name}", []) for name in ("mode", "verify_token", "challenge"))
    if mode != ["subscribe"] or len(token) != 1 or len(challenge) != 1 or not challenge[0]:
        return None
    # As bytes: compare_digest takes no text that is not ASCII.
    asked = token[0].encode("utf-8", "replace")
    is_ours = sum(hmac.compare_digest(asked, one.encode()) for one in verify_tokens) > 0
    return challenge[0] if is_ours and len(challenge[0]) <= LONGEST_CHALLENGE else None
