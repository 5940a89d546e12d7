"""The deep link: it opens one run in the partner's portal and signs the partner in.

Anybody who has the link is signed in until it expires, so it is made just before sending, and never logged, stored or
put in an XCom. A message that is redirected to a test phone has the bare link. Pure: the current time is an argument.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from urllib.parse import quote

import jwt

from partner_messages.config.schedule import SCHEDULE_TIMEZONE, TICK_TIME
from partner_messages.config.settings import PORTAL_CONN_ID, SettingsError
from whatsapp_provider.web_address import is_base_url

RUN_PATH = "/production-runs/"
"""The portal's path of a run; also of the templates' URL button."""

ISSUER = "jyt-whatsapp"
TOKEN_TYPE = "production_run"  # noqa: S105 - the claim `type`, not a secret.

MIN_SECRET_BYTES = 32
"""HS256 needs a key that is as long as its hash (RFC 7518, 3.2)."""

LIFETIME = dt.timedelta(hours=24)
"""As the shop's own links."""

MARGIN_AFTER_TICK = dt.timedelta(hours=2)
"""How long after the next tick a link is still valid, so that it works until the next reminder arrives."""

_SATURDAY = 5


@dataclass(frozen=True)
class Portal:
    """The partners' portal.

    Attributes:
        base_url: Without a slash at its end.
        secret: The key with which the portal verifies tokens.
    """

    base_url: str
    secret: str = field(repr=False)

    def link(self, suffix: str) -> str:
        """The whole link, with or without a token (`suffix`, `bare_suffix`)."""
        return f"{self.base_url}{RUN_PATH}{suffix}"

    def suffix(self, run_id: str, partner_id: str, *, now: dt.datetime) -> str:
        """The part after `RUN_PATH` of a link with a token: the value of a template's URL button.

        Args:
            run_id: The shop's run id.
            partner_id: The partner that the link signs in.
            now: The time of sending, aware.

        Raises:
            ValueError: The partner's or the run's id is empty.
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
    """The part after `RUN_PATH` of a link without a token, percent-encoded; the portal asks for a password.

    Raises:
        ValueError: The run's id is empty.
    """
    return quote(_id("run", run_id), safe="")


def _id(what: str, value: str) -> str:
    if not value:
        raise ValueError(f"A link needs the id of its {what}, which is empty.")
    return value


def expiry(now: dt.datetime) -> dt.datetime:
    """When a link made now expires: after a day, or after the next tick if that is later (on a Friday)."""
    return max(now + LIFETIME, next_tick(now) + MARGIN_AFTER_TICK)


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
        password: The secret of its links; white space around it is removed, as files end with a newline.

    Raises:
        SettingsError: One of them is invalid; the secret is never quoted.
    """
    return Portal(base_url(host), check_secret(password))


def check_secret(secret: str | None) -> str:
    """The secret without white space around it.

    Raises:
        SettingsError: It is missing or too short.
    """
    stripped = (secret or "").strip()
    if not stripped:
        raise SettingsError(
            f"{PORTAL_CONN_ID}: the password is missing; set it to the secret that the portal verifies links with."
        )
    if len(stripped.encode()) < MIN_SECRET_BYTES:
        raise SettingsError(
            f"{PORTAL_CONN_ID}: the password, the secret of the links, is shorter than {MIN_SECRET_BYTES} bytes; set a"
            " longer one here and in the portal."
        )
    return stripped


def base_url(host: str | None) -> str:
    """The portal's URL without a slash at its end.

    Raises:
        SettingsError: The host is missing, no URL, or without TLS.
    """
    if not host or not is_base_url(host):
        raise SettingsError(
            f'{PORTAL_CONN_ID}: the host must be the portal\'s URL, such as "https://partners.example", with nothing'
            " but a path behind it; http is for this machine alone."
        )
    return host.rstrip("/")
