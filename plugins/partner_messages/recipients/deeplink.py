"""The signed-in link: opens one run in the partner's portal without a password.

Whoever holds a link is signed in as its partner until it expires, so it is made at the moment of sending, and never
logged, stored or put in an XCom. A message that is redirected to a test phone carries the bare link. Pure: the clock
is an argument.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from urllib.parse import quote

import jwt

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME
from partner_messages.config.settings import PORTAL_CONN_ID, SettingsError
from partner_messages.config.web_address import is_base_url

RUN_PATH = "/production-runs/"
"""Where the portal shows a run; the path of the templates' URL button."""

ISSUER = "jyt-whatsapp"
TOKEN_TYPE = "production_run"  # noqa: S105 - the claim `type`, not a secret.

SHORTEST_SECRET = 32
"""Bytes: a key of HS256 is at least as long as its hash (RFC 7518, 3.2)."""

LIFETIME = dt.timedelta(hours=24)
"""How long the shop's own links live."""

AFTER_THE_TICK = dt.timedelta(hours=2)
"""How long a link outlives the next tick: until the next reminder has come, the last one's link works."""

_SATURDAY = 5


@dataclass(frozen=True)
class Portal:
    """The partners' portal, and the links into it.

    Attributes:
        base_url: Without a slash at its end.
        secret: What the portal verifies tokens with.
    """

    base_url: str
    secret: str = field(repr=False)

    def link(self, suffix: str) -> str:
        """The whole link; whether it signs anybody in is its end's affair (`suffix`, `bare_suffix`)."""
        return f"{self.base_url}{RUN_PATH}{suffix}"

    def suffix(self, run_id: str, partner_id: str, *, now: dt.datetime) -> str:
        """What follows `RUN_PATH` in the link that signs the partner in: the value of a template's URL button.

        Args:
            run_id: The shop's run id.
            partner_id: Whom the link signs in.
            now: The moment of sending, with its zone.

        Raises:
            ValueError: The partner or the run has no id: such a link might sign in as anybody.
        """
        return f"{bare_suffix(run_id)}?wa_token={self._token(run_id, partner_id, now)}"

    def _token(self, run_id: str, partner_id: str, now: dt.datetime) -> str:
        claims = {
            "sub": _id("partner", partner_id),
            "run_id": _id("run", run_id),
            "type": TOKEN_TYPE,
            "iss": ISSUER,
            "iat": int(now.timestamp()),
            "exp": int(expiry(now).timestamp()),
        }
        return jwt.encode(claims, self.secret, algorithm="HS256")


def bare_suffix(run_id: str) -> str:
    """What follows `RUN_PATH` in a link without a token, for which the portal asks for a password; percent-encoded.

    Raises:
        ValueError: The run has no id.
    """
    return quote(_id("run", run_id), safe="")


def _id(what: str, value: str) -> str:
    if not value:
        raise ValueError(f"A link needs the id of its {what}, which is empty.")
    return value


def expiry(now: dt.datetime) -> dt.datetime:
    """When a link made now stops working: after a day, or after the next tick where that is later (Friday's)."""
    return max(now + LIFETIME, next_tick(now) + AFTER_THE_TICK)


def next_tick(now: dt.datetime) -> dt.datetime:
    """The first weekday tick after a moment."""
    local = now.astimezone(SCHEDULE_TIMEZONE)
    day = local.date() if local.time() < TICK_TIME else local.date() + dt.timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += dt.timedelta(days=1)
    return dt.datetime.combine(day, TICK_TIME, SCHEDULE_TIMEZONE)


def portal_from_connection(host: str | None, password: str | None) -> Portal:
    """Build the portal from its connection.

    Args:
        host: The portal's base URL with its scheme; it may have a path.
        password: The secret of its links. White space around it is no part of it: files and shells end a line there.

    Raises:
        SettingsError: Either of them cannot be; the secret is never quoted.
    """
    return Portal(base_url(host), check_secret(password))


def check_secret(secret: str | None) -> str:
    """The secret without white space around it.

    Raises:
        SettingsError: It is missing, or too short to be safe.
    """
    stripped = (secret or "").strip()
    if not stripped:
        raise SettingsError(
            f"{PORTAL_CONN_ID}: the password is missing; set it to the secret that the portal verifies links with."
        )
    if len(stripped.encode()) < SHORTEST_SECRET:
        raise SettingsError(
            f"{PORTAL_CONN_ID}: the password, the secret of the links, is shorter than {SHORTEST_SECRET} bytes; set a"
            " longer one here and in the portal."
        )
    return stripped


def base_url(host: str | None) -> str:
    """The portal's URL without a slash at its end.

    Raises:
        SettingsError: Its connection has no such host, or one that is not safe.
    """
    if not host or not is_base_url(host):
        raise SettingsError(
            f'{PORTAL_CONN_ID}: the host must be the portal\'s URL, such as "https://partners.example", with nothing'
            " but a path behind it; http is for this machine alone."
        )
    return host.rstrip("/")
