"""The Airflow connections and the settings Variable of the sandbox, in the forms Airflow takes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.graph_api.accounts import SAMPLE_ACCOUNTS, SANDBOX_VERIFY_TOKEN, Account, load_accounts
from sandbox.shop.expectations import partner_id as shop_id

API_VERSION = "v25.0"
PORTAL = "https://partners.example"
PORTAL_SECRET = "sandbox-portal-secret-of-32-bytes-or-more"

ROUTING: dict[str, dict[str, Any]] = {
    "IN": {"country_codes": ["+91"], "platform_id": shop_id("SENDER91")},
    "AU": {"country_codes": ["+61", "+64"], "platform_id": shop_id("SENDER61")},
    "Europe": {"country_codes": ["+39", "+44", "+49"], "platform_id": shop_id("SENDER39"), "is_default": True},
}
"""Which numbers each sample account writes to; the shop's `social_platform` rows say the same."""

SETTINGS: dict[str, Any] = {"senders": [label.lower() for label in ROUTING], "allow_any_time": True}
"""The Variable `partner_messages`: any time of day and any day will do on one machine."""


def connections(
    *, shop_url: str, message_log_url: str, graph_api_url: str, shop_inbox_url: str | None = None
) -> dict[str, dict[str, Any]]:
    """Every connection of the project, by id, as `airflow connections import` takes them.

    Args:
        shop_url: PostgreSQL URL of the shop's database, as a role that may only read.
        message_log_url: PostgreSQL URL of the database the message log is made in.
        graph_api_url: Where the local Graph API listens.
        shop_inbox_url: PostgreSQL URL of the shop's database, as a role that may write its inbox; None for no mirror.
    """
    senders = {f"whatsapp_{account.label.lower()}": _sender(account, graph_api_url) for account in _accounts()}
    return {
        "production_db": _postgres(shop_url),
        "message_log_db": _postgres(message_log_url),
        "partner_portal": {"conn_type": "http", "host": PORTAL, "password": PORTAL_SECRET},
        **senders,
        **({"shop_inbox_db": _postgres(shop_inbox_url)} if shop_inbox_url else {}),
    }


def as_environment(connections: dict[str, dict[str, Any]], settings: dict[str, Any]) -> dict[str, str]:
    """The connections and the settings Variable as environment variables that Airflow reads."""
    return {
        "AIRFLOW_VAR_PARTNER_MESSAGES": json.dumps(settings),
        **{f"AIRFLOW_CONN_{name.upper()}": json.dumps(connection) for name, connection in connections.items()},
    }


def _accounts() -> tuple[Account, ...]:
    return load_accounts(SAMPLE_ACCOUNTS)


def _postgres(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "conn_type": "postgres",
        "host": parts.hostname,
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": parts.path.removeprefix("/"),
        "extra": dict(parse_qsl(parts.query)),
    }


def _sender(account: Account, graph_api_url: str) -> dict[str, Any]:
    return {
        "conn_type": "http",
        "host": graph_api_url,
        "password": account.token,
        "extra": {
            "api_version": API_VERSION,
            "phone_number_id": account.phone_number_id,
            "waba_id": account.waba_id,
            "label": account.label,
            "app_id": account.app_id,
            "app_secret": account.app_secret,
            "webhook_verify_token": SANDBOX_VERIFY_TOKEN,
            **ROUTING[account.label],
        },
    }
